/* Generation with a cache against the whole sequence at once, in double; planted mistakes show that
 * the comparison sees what could go wrong. */
#include "cache_cases.h"
#include "harness/suite.h"
#include "nn/transformer_cache_internal.h"

#include <signal.h>

enum { ABORTED = 128 + SIGABRT };

static const double ROUNDING = 1e-12;

/* Heads narrower, wider and no multiple of a panel; lengths of one position, of a whole panel and
 * beyond several; batches for one row and for all tiles. */
static const Shape SHAPE[] = {
    {1, 1, 1, 8, 1, false},    {1, 1, 2, 8, 9, false},   {2, 3, 2, 8, 16, true},
    {4, 2, 4, 64, 33, true},   {3, 7, 2, 24, 21, false}, {2, 5, 2, 36, 40, true},
    {2, 16, 4, 32, 19, false}, {4, 9, 4, 128, 12, true}, {1, 4, 3, 6, 17, true},
};
enum { SHAPES = sizeof SHAPE / sizeof *SHAPE };

static real *room_for(const Stack *s)
{
    return memory_new(s->x->size, sizeof(real));
}

static void test_whole_sequence(void)
{
    for (int i = 0; i < SHAPES; i++) {
        Stack s = stack_make(SHAPE[i], "whole");
        real *y = room_for(&s);
        TransformerCache *cache = stack_cache(&s);
        cache_run(cache, s.is, s.x->value, 0, s.is.length, y);
        double gap = stack_gap(s.is, y, stack_forward(&s, s.x)->value, 0, s.is.length);
        CU_ASSERT_EQUAL(transformer_cache_length(cache), s.is.length);
        CU_ASSERT(gap < ROUNDING);
        if (!(gap < ROUNDING))
            printf("    shape %d: %g\n", i, gap);
        transformer_cache_free(cache);
        free(y);
        stack_free(&s);
    }
}

/* What was kept before a reset, longer than what comes after it, leaves no trace. */
static void test_reset(void)
{
    for (int i = 0; i < SHAPES; i++) {
        Stack s = stack_make(SHAPE[i], "reset");
        real *y = room_for(&s), *again = room_for(&s), *other = room_for(&s);
        Rng rng = rng_stream(6, "other");
        rng_normal(&rng, other, s.x->size);
        const int half = (s.is.length + 1) / 2;
        TransformerCache *cache = stack_cache(&s);
        cache_run(cache, s.is, s.x->value, 0, half, y);
        transformer_cache_reset(cache);
        cache_run(cache, s.is, other, 0, s.is.length, again);
        transformer_cache_reset(cache);
        CU_ASSERT_EQUAL(transformer_cache_length(cache), 0);
        cache_run(cache, s.is, s.x->value, 0, half, again);
        for (int b = 0; b < s.is.batch; b++) {
            size_t row = (size_t)b * (size_t)s.is.length * (size_t)s.is.width;
            CU_ASSERT(memcmp(y + row, again + row, (size_t)half * (size_t)s.is.width * sizeof *y) ==
                      0);
        }
        transformer_cache_free(cache);
        free(y);
        free(again);
        free(other);
        stack_free(&s);
    }
}

static void test_rows_alone(void)
{
    for (int i = 0; i < SHAPES; i++) {
        Stack s = stack_make(SHAPE[i], "rows");
        real *y = room_for(&s);
        TransformerCache *cache = stack_cache(&s);
        cache_run(cache, s.is, s.x->value, 0, s.is.length, y);
        CU_ASSERT(stack_alone_same(&s, y));
        transformer_cache_free(cache);
        free(y);
        stack_free(&s);
    }
}

static const Shape PLANTED = {2, 2, 2, 16, 20, true};

typedef enum Mistake {
    CHANGED_INPUT,
    CHANGED_KEY,
    CHANGED_VALUE,
    LOST_KEY,
    WRONG_POSITION,
    MISTAKES
} Mistake;

/* Of the first position, in the last block. */
static void plant(TransformerCache *cache, Mistake mistake)
{
    const CachedBlock *b = &cache->block[cache->blocks - 1];
    const size_t half = (size_t)cache->depth / 2;
    if (mistake == CHANGED_KEY)
        b->key[0] += (real)1e-6;
    if (mistake == CHANGED_VALUE)
        b->value[0] += (real)1e-6;
    if (mistake == LOST_KEY)
        for (int d = 0; d < cache->depth; d++)
            b->key[d * PANEL] = 0;
    if (mistake == WRONG_POSITION) { /* the next one counts as the one after it */
        const size_t next = (size_t)cache->length * half;
        memcpy(cache->cosine + next, cache->cosine + next + half, half * sizeof(real));
        memcpy(cache->sine + next, cache->sine + next + half, half * sizeof(real));
    }
}

/* Each is seen from the position where it is made on, and nowhere before. */
static void test_planted(void)
{
    enum { WHEN = 7 };
    for (Mistake m = 0; m < MISTAKES; m++) {
        Stack s = stack_make(PLANTED, "planted");
        real *y = room_for(&s);
        TransformerCache *cache = stack_cache(&s);
        const real *right = stack_forward(&s, s.x)->value;
        cache_run(cache, s.is, s.x->value, 0, WHEN, y);
        plant(cache, m);
        if (m == CHANGED_INPUT)
            s.x->value[WHEN * s.is.width] += (real)1e-6;
        cache_run(cache, s.is, s.x->value, WHEN, s.is.length, y);
        CU_ASSERT(stack_gap(s.is, y, right, 0, WHEN) < ROUNDING);
        CU_ASSERT(stack_gap(s.is, y, right, WHEN, WHEN + 1) > 100 * ROUNDING);
        CU_ASSERT(stack_gap(s.is, y, right, WHEN + 1, s.is.length) > 100 * ROUNDING);
        transformer_cache_free(cache);
        free(y);
        stack_free(&s);
    }
}

/* Without positions a block does not know the order of what it saw; with them it does. */
static void test_order(void)
{
    for (int rotary = 0; rotary < 2; rotary++) {
        Stack s = stack_make((Shape){1, 1, 2, 16, 12, rotary}, "order");
        const int width = s.is.width, last = s.is.length - 1;
        real *y = room_for(&s), *swapped = room_for(&s), *x = s.x->value;
        TransformerCache *cache = stack_cache(&s);
        cache_run(cache, s.is, x, 0, s.is.length, y);
        for (int j = 0; j < width; j++) {
            real kept = x[2 * width + j];
            x[2 * width + j] = x[5 * width + j];
            x[5 * width + j] = kept;
        }
        transformer_cache_reset(cache);
        cache_run(cache, s.is, x, 0, s.is.length, swapped);
        double gap = stack_gap(s.is, y, swapped, last, last + 1);
        CU_ASSERT(rotary ? gap > 1e-6 : gap < ROUNDING);
        transformer_cache_free(cache);
        free(y);
        free(swapped);
        stack_free(&s);
    }
}

static void test_weights(void)
{
    Stack s = stack_make(PLANTED, "weights");
    real *y = room_for(&s), *first = room_for(&s);
    TransformerCache *cache = stack_cache(&s);
    cache_run(cache, s.is, s.x->value, 0, s.is.length, first);
    for (int i = 0; i < s.params->count; i++)
        for (size_t j = 0; j < s.params->tensor[i]->size; j++)
            s.params->tensor[i]->value[j] *= (real)1.1;
    transformer_cache_weights(cache);
    transformer_cache_reset(cache);
    cache_run(cache, s.is, s.x->value, 0, s.is.length, y);
    CU_ASSERT(stack_gap(s.is, y, stack_forward(&s, s.x)->value, 0, s.is.length) < ROUNDING);
    CU_ASSERT(stack_gap(s.is, y, first, 0, s.is.length) > 1e-3);
    transformer_cache_free(cache);
    free(y);
    free(first);
    stack_free(&s);
}

/* Keys and values of the positions so far; keys fill up whole panels. */
static void test_bytes(void)
{
    Stack s = stack_make((Shape){2, 3, 2, 8 * PANEL, 4 * PANEL, false}, "bytes");
    TransformerCache *cache = stack_cache(&s);
    real *x = memory_new(3 * 8 * PANEL, sizeof *x);
    CU_ASSERT_EQUAL(transformer_cache_bytes(cache), 0);
    for (int t = 1; t <= PANEL + 1; t++) {
        size_t keys = t <= PANEL ? PANEL : 2 * PANEL;
        transformer_cache_step(cache, x);
        CU_ASSERT_EQUAL(transformer_cache_bytes(cache),
                        2u * 3 * (8 * PANEL) * (keys + (size_t)t) * sizeof(real));
    }
    transformer_cache_free(cache);
    free(x);
    stack_free(&s);
}

static void one_more(void *context)
{
    TransformerCache *cache = context;
    real x[16] = {0};
    transformer_cache_step(cache, x);
}

static void create_wrong(void *context)
{
    const Shape *is = context;
    Stack s = stack_make((Shape){2, 1, 2, 12, 3, is->rotary}, "wrong");
    s.block[1].heads = is->heads;
    transformer_cache_create(s.block, is->blocks, 1, 3);
}

static void test_mistakes(void)
{
    Stack s = stack_make((Shape){1, 1, 2, 16, 3, false}, "full");
    real *y = room_for(&s);
    TransformerCache *cache = stack_cache(&s);
    cache_run(cache, s.is, s.x->value, 0, s.is.length, y);
    ChildResult result = child_run(one_more, cache);
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: transformer cache: all 3 positions are in use; reset it, or "
                         "create it with more\n"));
    transformer_cache_free(cache);
    free(y);
    stack_free(&s);
    result = child_run(create_wrong, &(Shape){.blocks = 2, .heads = 3});
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: transformer cache: 'block0.projection.weight' and "
                         "'block1.projection.weight' differ in width or heads"));
    result = child_run(create_wrong, &(Shape){.blocks = 0, .heads = 2});
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: transformer cache: 0 blocks, 1 sequences, 3 positions; at least "
                         "one of each\n"));
}

static void odd_depth(void *context)
{
    (void)context;
    Stack s = stack_make((Shape){1, 1, 2, 6, 3, true}, "odd");
    stack_cache(&s);
}

static void test_odd_depth(void)
{
    ChildResult result = child_run(odd_depth, NULL);
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: transformer cache: rotary heads of depth 3; it must be even\n"));
}

const Suite suite = {"nn/transformer_cache",
                     {{"steps = the whole sequence", test_whole_sequence},
                      {"after a reset", test_reset},
                      {"a row does not know its neighbours", test_rows_alone},
                      {"planted mistakes are seen", test_planted},
                      {"order counts with positions alone", test_order},
                      {"weights taken again", test_weights},
                      {"bytes", test_bytes},
                      {"mistakes", test_mistakes},
                      {"rotary heads of odd depth", test_odd_depth},
                      {NULL, NULL}}};
