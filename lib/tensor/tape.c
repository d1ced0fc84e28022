#include "tensor/tape.h"

#include "support/fail.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { ALIGNMENT = 64, FIRST_BLOCK = 1 << 20, MOST_BLOCKS = 64 };

typedef struct Block {
    char *memory;
    size_t bytes;
} Block;

/* Memory of a gradient that no one reads any more, for the next of the same size: it is still in
 * the caches. */
typedef struct Spare {
    real *data;
    size_t size;
} Spare;

struct Tape {
    const Kernels *kernels;
    Backend *backend;
    Profile *profile;
    Block block[MOST_BLOCKS]; /* each at least as large as all before it together; never moved */
    int blocks;
    int current;   /* block that is being filled */
    size_t used;   /* bytes of it                */
    Tensor **node; /* recorded results in creation order */
    int nodes, room;
    Spare *spare; /* the latest last */
    int spares, spare_room;
    bool recording;
    unsigned sweep;   /* counts sweeps of either direction          */
    bool only_wanted; /* the sweep under way is a tape_gradient     */
    size_t allocations;
};

Tape *tape_create(const Kernels *kernels)
{
    Tape *tape = memory_new(1, sizeof *tape);
    tape->kernels = kernels;
    tape->backend = kernels->open != NULL ? kernels->open() : NULL;
    tape->recording = true;
    return tape;
}

void tape_free(Tape *tape)
{
    if (tape == NULL)
        return;
    if (tape->backend != NULL)
        tape->kernels->close(tape->backend);
    for (int i = 0; i < tape->blocks; i++)
        free(tape->block[i].memory);
    free(tape->node);
    free(tape->spare);
    free(tape);
}

/* Weights may be elsewhere, or others in their place, when memory is given back. */
static void forget_weights(const Tape *tape)
{
    if (tape->backend != NULL)
        tape->kernels->forget(tape->backend);
}

void tape_reset(Tape *tape)
{
    forget_weights(tape);
    tape->current = 0;
    tape->used = 0;
    tape->nodes = 0;
    tape->spares = 0;
}

bool tape_recording(const Tape *tape)
{
    return tape->recording;
}

bool tape_record(Tape *tape, bool on)
{
    bool was = tape->recording;
    tape->recording = on;
    return was;
}

TapeMark tape_mark(const Tape *tape)
{
    TapeMark mark = {tape->current, tape->used, tape->nodes};
    return mark;
}

void tape_release(Tape *tape, TapeMark mark)
{
    forget_weights(tape);
    tape->current = mark.block;
    tape->used = mark.used;
    tape->nodes = mark.nodes;
    tape->spares = 0;
    for (int i = 0; i < tape->nodes; i++)
        tape->node[i]->grad = NULL; /* it may lie in what was given back */
}

size_t tape_bytes(const Tape *tape)
{
    size_t bytes = (size_t)tape->room * sizeof *tape->node;
    bytes += (size_t)tape->spare_room * sizeof *tape->spare;
    for (int i = 0; i < tape->blocks; i++)
        bytes += tape->block[i].bytes;
    return bytes;
}

size_t tape_allocations(const Tape *tape)
{
    return tape->allocations;
}

void tape_set_profile(Tape *tape, Profile *profile)
{
    tape->profile = profile;
}

Profile *tape_profile(const Tape *tape)
{
    return tape->profile;
}

const Kernels *tape_kernels(const Tape *tape)
{
    return tape->kernels;
}

Backend *tape_backend(const Tape *tape)
{
    return tape->backend;
}

/* ---------------------------------------------------------------- the arena */

static void add_block(Tape *tape, size_t bytes)
{
    size_t all = 0;
    for (int i = 0; i < tape->blocks; i++)
        all += tape->block[i].bytes;
    size_t want = all > FIRST_BLOCK ? all : FIRST_BLOCK;
    if (want < bytes)
        want = bytes;
    if (tape->blocks == MOST_BLOCKS)
        refuse("memory: a step needs more than %.0f MiB; choose a smaller batch or model",
               (double)all / 1048576);
    tape->block[tape->blocks].memory = memory_new(want, 1);
    tape->block[tape->blocks].bytes = want;
    tape->blocks++;
    tape->allocations++;
}

static void *take(Tape *tape, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size)
        refuse("memory: %zu numbers do not fit into an address; choose smaller sizes", count);
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    while (tape->blocks == 0 || tape->used + bytes > tape->block[tape->current].bytes) {
        bool first = tape->blocks == 0;
        if (first || tape->current + 1 == tape->blocks)
            add_block(tape, bytes);
        tape->current += !first;
        tape->used = 0;
    }
    void *memory = tape->block[tape->current].memory + tape->used;
    tape->used += bytes;
    return memory;
}

/* A full list in twice the room, or `first` entries for a new one. */
static void *grow(Tape *tape, void *list, int *room, int first, size_t entry)
{
    const int more = *room == 0 ? first : 2 * *room;
    void *larger = memory_new((size_t)more, entry);
    if (*room > 0)
        memcpy(larger, list, (size_t)*room * entry);
    free(list);
    *room = more;
    tape->allocations++;
    return larger;
}

static void remember(Tape *tape, Tensor *node)
{
    if (tape->nodes == tape->room)
        tape->node = grow(tape, tape->node, &tape->room, 1024, sizeof *tape->node);
    tape->node[tape->nodes++] = node;
}

void *op_memory(const Tensor *a, size_t count, size_t size)
{
    return take(a->tape, count, size);
}

/* ---------------------------------------------------------------- tensors */

static Tensor *bare(Tape *tape, const char *name, int rank, const int *shape)
{
    if (rank < 1 || rank > TENSOR_MOST_DIMS)
        fail("%s: a tensor has 1 to %d dimensions, not %d", name, TENSOR_MOST_DIMS, rank);
    Tensor *a = take(tape, 1, sizeof *a);
    memset(a, 0, sizeof *a);
    a->name = name;
    a->tape = tape;
    a->rank = rank;
    a->size = 1;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1)
            fail("%s: dimension %d of a result would be %d; every dimension is at least 1", name, i,
                 shape[i]);
        a->shape[i] = shape[i];
        a->size *= (size_t)shape[i];
    }
    return a;
}

Tensor *tensor_new(Tape *tape, int rank, const int *shape)
{
    Tensor *a = bare(tape, "tensor", rank, shape);
    a->value = take(tape, a->size, sizeof *a->value);
    return a;
}

/* All operands live on one tape: weights too, which were bound to it. */
static Tape *tape_of(const Op *op, int parents, Tensor *const *parent)
{
    Tape *tape = NULL;
    for (int i = 0; i < parents; i++) {
        if (parent[i]->tape == NULL)
            fail("%s: '%s' is on no tape; bind the weights first (params_bind)", op->name,
                 parent[i]->name);
        if (tape != NULL && parent[i]->tape != tape)
            fail("%s: '%s' and '%s' are on different tapes", op->name, parent[0]->name,
                 parent[i]->name);
        tape = parent[i]->tape;
    }
    return tape;
}

/* A result without a value yet; it joins the tape's history where a gradient may be asked for. */
static Tensor *node(const Op *op, int rank, const int *shape, int parents, Tensor *const *parent)
{
    Tape *tape = tape_of(op, parents, parent);
    profile_switch(tape->profile, op->name, PROFILE_FORWARD);
    Tensor *y = bare(tape, op->name, rank, shape);
    if (!tape->recording)
        return y;
    for (int i = 0; i < parents; i++)
        y->needs_grad = y->needs_grad || parent[i]->needs_grad;
    if (!y->needs_grad)
        return y;
    y->op = op;
    y->parents = parents;
    y->parent = take(tape, (size_t)parents, sizeof *y->parent);
    memcpy(y->parent, parent, (size_t)parents * sizeof *parent);
    for (int i = 0; i < parents; i++)
        y->parents_version += parent[i]->version;
    remember(tape, y);
    return y;
}

Tensor *op_result(const Op *op, int rank, const int *shape, int parents, Tensor *const *parent)
{
    Tensor *y = node(op, rank, shape, parents, parent);
    y->value = take(y->tape, y->size, sizeof *y->value);
    return y;
}

Tensor *op_view_result(const Op *op, int rank, const int *shape, Tensor *a)
{
    Tensor *y = node(op, rank, shape, 1, &a);
    y->value = a->value;
    return y;
}
Tensor *op_unary_result(const Op *op, Tensor *a)
{
    return op_result(op, a->rank, a->shape, 1, &a);
}

int op_thread(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

void op_gemm(const Tape *tape, Gemm gemm)
{
    profile_count(tape->profile, 2.0 * gemm.m * gemm.n * gemm.k);
    tape->kernels->gemm(&gemm);
}

/* ---------------------------------------------------------------- the reverse sweep */

static real *take_grad(Tape *tape, size_t size)
{
    for (int i = tape->spares - 1; i >= 0; i--)
        if (tape->spare[i].size == size) {
            real *data = tape->spare[i].data;
            memmove(&tape->spare[i], &tape->spare[i + 1],
                    (size_t)(tape->spares - i - 1) * sizeof *tape->spare);
            tape->spares--;
            return data;
        }
    return take(tape, size, sizeof(real));
}

/* After a result's own rule has run, its gradient is read no more. */
static void give_back_grad(Tape *tape, Tensor *result)
{
    if (!result->grad_is_lent)
        return;
    if (tape->spares == tape->spare_room)
        tape->spare = grow(tape, tape->spare, &tape->spare_room, 64, sizeof *tape->spare);
    tape->spare[tape->spares++] = (Spare){result->grad, result->size};
    result->grad = NULL;
    result->has_grad = result->grad_is_lent = false;
}

static bool grad_is_needed(const Tensor *parent)
{
    return parent->needs_grad &&
           (!parent->tape->only_wanted || parent->wanted == parent->tape->sweep);
}

bool grad_take_over(Tensor *parent, Tensor *y)
{
    if (!grad_is_needed(parent) || parent->grad != NULL || parent->op == NULL || !y->grad_is_lent ||
        parent->size != y->size)
        return false;
    parent->grad = y->grad;
    parent->has_grad = parent->grad_is_lent = true;
    y->grad = NULL;
    y->has_grad = y->grad_is_lent = false;
    return true;
}

Grad grad_open(Tensor *parent)
{
    Grad g = {NULL, false};
    if (!grad_is_needed(parent))
        return g;
    if (parent->grad == NULL) {
        parent->grad_is_lent = parent->op != NULL;
        parent->grad = take_grad(parent->tape, parent->size);
    }
    g.data = parent->grad;
    g.add = parent->has_grad;
    parent->has_grad = true;
    return g;
}

static void check_versions(const Tensor *y)
{
    unsigned now = 0;
    for (int i = 0; i < y->parents; i++)
        now += y->parent[i]->version;
    if (now != y->parents_version)
        fail("backward: a weight that '%s' used was changed after it was computed; compute the "
             "loss anew "
             "after an optimizer step",
             y->name);
}

static void seed_gradient(Tensor *y, const real *seed)
{
    if (seed == NULL && y->size != 1) {
        char shape[TENSOR_SHAPE_TEXT];
        fail(
            "backward: '%s' is %s; a sweep starts from one number (take tensor_mean or tensor_sum)",
            y->name, tensor_shape_text(y, shape));
    }
    Grad g = grad_open(y);
    for (size_t i = 0; i < y->size; i++)
        g.data[i] = grad_kept(g.data, g.add, i) + (seed == NULL ? 1 : seed[i]);
}

/* One loop from the last result to the first. Interior gradients belong to this sweep alone. */
static void sweep_back(Tensor *y, const real *seed)
{
    Tape *tape = y->tape;
    for (int i = 0; i < tape->nodes; i++)
        tape->node[i]->has_grad = false;
    seed_gradient(y, seed);
    for (int i = tape->nodes - 1; i >= 0; i--) {
        Tensor *node = tape->node[i];
        if (!node->has_grad)
            continue;
        check_versions(node);
        profile_switch(tape->profile, node->op->name, PROFILE_BACKWARD);
        node->op->backward(node);
        give_back_grad(tape, node);
    }
    profile_switch(tape->profile, "other", PROFILE_REST);
}

void tape_backward_seeded(Tensor *y, const real *seed)
{
    if (!y->needs_grad)
        fail("backward: '%s' depends on nothing that wants a gradient (recording off, or no weight "
             "bound)",
             y->name);
    y->tape->sweep++;
    sweep_back(y, seed);
}

void tape_backward(Tensor *y)
{
    tape_backward_seeded(y, NULL);
}

/* Marks what lies between wrt and y, so that no other gradient is touched. */
static void mark_wanted(Tape *tape, Tensor *const *wrt, int n)
{
    for (int k = 0; k < n; k++)
        wrt[k]->wanted = tape->sweep;
    for (int i = 0; i < tape->nodes; i++) {
        Tensor *node = tape->node[i];
        for (int p = 0; p < node->parents; p++)
            if (node->parent[p]->wanted == tape->sweep)
                node->wanted = tape->sweep;
    }
}

void tape_gradient(Tensor *y, const real *seed, Tensor *const *wrt, int n, Tensor **gradient)
{
    Tape *tape = y->tape;
    tape->sweep++;
    mark_wanted(tape, wrt, n);
    real **kept = take(tape, (size_t)n, sizeof *kept);
    bool *had = take(tape, (size_t)n, sizeof *had);
    for (int k = 0; k < n; k++)
        if (!wrt[k]->needs_grad)
            op_fail("tape_gradient", wrt[k], "it wants no gradient (tensor_watch it first)");
    for (int k = 0; k < n; k++) { /* a leaf's own gradient is put aside during the sweep */
        gradient[k] = tensor_fill(tape, wrt[k]->rank, wrt[k]->shape, 0);
        kept[k] = wrt[k]->grad;
        had[k] = wrt[k]->has_grad;
        wrt[k]->grad = gradient[k]->value;
        wrt[k]->has_grad = false;
    }
    if (y->wanted == tape->sweep) {
        tape->only_wanted = true;
        sweep_back(y, seed);
        tape->only_wanted = false;
    }
    for (int k = 0; k < n; k++) {
        wrt[k]->grad = kept[k];
        wrt[k]->has_grad = had[k];
        wrt[k]->wanted =
            0; /* a weight outlives the tape, whose sweep numbers mean nothing to others */
    }
}

/* ---------------------------------------------------------------- the forward sweep */

static Tensor *node_tangent(Tensor *node, unsigned sweep)
{
    Tensor **dx = take(node->tape, (size_t)node->parents, sizeof *dx);
    bool any = false;
    for (int p = 0; p < node->parents; p++) {
        Tensor *parent = node->parent[p];
        dx[p] = parent->tangent_sweep == sweep ? parent->tangent : NULL;
        any = any || dx[p] != NULL;
    }
    if (!any)
        return NULL;
    if (node->op->tangent == NULL)
        fail("tangent: '%s' has no rule for forward mode", node->op->name);
    return node->op->tangent(node, dx);
}

Tensor *tape_tangent(Tensor *y, Tensor *x, Tensor *v)
{
    Tape *tape = y->tape;
    if (!x->needs_grad)
        fail("tangent: '%s' needs no gradient, so its history is not kept (tensor_watch it first)",
             x->name);
    if (!tensor_same_shape(x, v))
        op_fail2("tangent", x, v, "a direction has the shape of what it moves");
    unsigned sweep = ++tape->sweep;
    x->tangent = v;
    x->tangent_sweep = sweep;
    int nodes = tape->nodes; /* the rules append to the tape */
    for (int i = 0; i < nodes; i++) {
        Tensor *node = tape->node[i];
        if (node == x)
            continue;
        Tensor *tangent = node_tangent(node, sweep);
        if (tangent == NULL)
            continue;
        node->tangent = tangent;
        node->tangent_sweep = sweep;
        if (node == y)
            break;
    }
    Tensor *tangent = y->tangent_sweep == sweep ? y->tangent : NULL;
    x->tangent_sweep = 0; /* a weight outlives the tape */
    return tangent;
}

const Tensor *tape_first_not_finite(const Tape *tape)
{
    for (int i = 0; i < tape->nodes; i++)
        for (size_t j = 0; j < tape->node[i]->size; j++)
            if (!isfinite(tape->node[i]->value[j]))
                return tape->node[i];
    return NULL;
}
