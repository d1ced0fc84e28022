/* What the two files of transformer_cache.h share. */
#ifndef NN_TRANSFORMER_CACHE_INTERNAL_H
#define NN_TRANSFORMER_CACHE_INTERNAL_H

#include "nn/transformer_cache.h"
#include "tensor/panel_product.h"

#include <stdatomic.h>

/* Rows of numbers, `row` apart. */
typedef struct Rows {
    real *at;
    size_t row;
} Rows;

static inline real *row_of(Rows rows, int row)
{
    return rows.at + (size_t)row * rows.row;
}

/* A linear layer in panels. */
typedef struct PanelLayer {
    int terms, panels;
    real *panel; /* [panels][terms][PANEL] */
    real *start; /* [panels PANEL]: the bias */
} PanelLayer;

typedef struct CachedBlock {
    const TransformerBlock *from;
    PanelLayer qkv; /* by head: its queries, its keys, its values, each filled up to whole panels */
    PanelLayer projection, wide, narrow;
    real *key;   /* [batch][heads][panels_of(most)][depth][PANEL]: keys are columns */
    real *value; /* [batch][heads][panels_of(depth)][most][PANEL]: values are rows  */
} CachedBlock;

/* Which is faster now, one thread or all: all waste much where other programs want the cores, since
 * each waits for the slowest several times in a block. The numbers are the same either way. */
typedef struct Pace {
    bool all, usual;   /* all threads in this window of steps; and where nothing is tried out */
    int steps;         /* of this window                                                      */
    double spent;      /* seconds, by all its steps but the first, which wakes the threads    */
    double seconds[2]; /* a step took with one thread and with all, when last measured        */
    int left, wait;    /* windows until the other is tried; how many there were to be         */
} Pace;

/* Where the threads of a team wait for one another: a line of memory for each of the two. */
typedef struct Gate {
    _Alignas(64) atomic_int here;  /* threads that wait                  */
    _Alignas(64) atomic_uint turn; /* how often all of them went through */
} Gate;

struct TransformerCache {
    CachedBlock *block;
    int blocks, batch, most, length;
    int width, heads, depth;
    int threads;
    Pace pace;
    Gate *gate;
    size_t key_size, value_size; /* numbers of one head of one sequence in a block             */
    real *cosine, *sine;         /* [most][depth / 2]: a position's turn; for rotary blocks    */
    Rows x, qkv, seen, wide;     /* [batch]: on the way through a block                        */
    Rows normed;                 /* [threads batch]                                            */
    Rows score, sum;             /* [threads heads]: over the positions; over the head's depth */
    real *weight_sum;            /* [threads heads]                                            */
};

/* What thread 0 .. threads-1 of a team does in a step: c->x through all blocks. */
void transformer_cache_work(const TransformerCache *cache, int thread, int threads);

#endif
