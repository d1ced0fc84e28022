/* Tensors and the operations on them.
 *
 * A tensor is a contiguous, row-major block of numbers with 1 to 5 dimensions; images are [batch,
 * height, width, channel]. An operation computes its value at once and, where a gradient may be
 * asked for, appends itself to the tape of its operands (tape.h). Nobody frees a tensor: it belongs
 * to a tape, which is reset every step, or to a Params (nn/params.h).
 *
 * Broadcasting happens only where it is asked for: the operands of add, sub, mul and div have the
 * same number of dimensions, and each dimension is equal on both sides or 1 on one of them. [8, 1]
 * and [8] do not mix silently. A shape that breaks a rule stops the program with the operation, the
 * names, the shapes and the rule.
 *
 * In comments X' is d loss / d X. */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include "support/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSOR_MOST_DIMS = 5 };

typedef struct Tape Tape;
typedef struct Op Op;
typedef struct Tensor Tensor;

typedef enum Activation {
    ACTIVATION_NONE,
    ACTIVATION_TANH,
    ACTIVATION_SIGMOID,
    ACTIVATION_RELU,
    ACTIVATION_LEAKY_RELU /* slope TENSOR_LEAK below zero */
} Activation;

#define TENSOR_LEAK ((real)0.2)

/* What an operation keeps for its backward pass beside its operands; each op uses one member. */
typedef union OpAttr {
    real scalar;
    int axis;
    struct {
        real low, high;
    } range;
    struct {
        int axis, begin;
    } slice;
    struct {
        int order[TENSOR_MOST_DIMS];
    } permute;
    struct {
        bool transpose_b;
    } matmul;
    Activation activation;
    struct {
        int stride, padding;
        Activation activation;
    } conv;
    struct {
        int groups;
        real *mean, *inverse_sd; /* of each group of each example, or of each row */
    } norm;
    struct {
        int heads;
        bool causal;
        int *key_mask;
        real *weight;
        Tensor **operand; /* also where no history is kept */
        int operands;
    } attention;
    struct {
        int heads;
        real *turn; /* cosines, then sines: [positions, depth / 2] each */
    } rotary;
    struct {
        int bins;
        real bound;
        real *kept; /* [size of x]: log of the affine map's scale */
    } monotone;
    int times;
    int *index;
    const uint8_t *mask; /* [size] */
    real *slope;         /* [size] */
} OpAttr;

struct Tensor {
    const char *name; /* for messages: a weight's name, or the operation's                    */
    int rank;
    int shape[TENSOR_MOST_DIMS];
    size_t size; /* numbers in it                                                        */
    real *value;
    real *grad; /* d loss / d value, [size]; meaningful when has_grad. After a sweep leaves have
                   theirs; what came in between has not: its memory has served others. */
    bool has_grad;
    bool grad_is_lent; /* by the sweep under way */
    bool needs_grad;   /* a gradient with respect to it, or to something it came from, is wanted */
    Tape *tape;
    const Op *op; /* what made it; NULL: a leaf                                           */
    Tensor **parent;
    int parents;
    OpAttr attr;
    unsigned version; /* of a leaf: raised whenever its values are changed in place           */
    unsigned parents_version; /* sum over the parents when this was computed                      */
    unsigned wanted; /* the number of the last sweep that needed it (tape.c)                 */
    Tensor *tangent; /* forward mode: valid when tangent_sweep is the current one            */
    unsigned tangent_sweep;
};

/* ---------------------------------------------------------------- making */

/* A leaf on a tape; values are not set. needs_grad is false: see tensor_watch. */
Tensor *tensor_new(Tape *tape, int rank, const int *shape);
Tensor *tensor_new_matrix(Tape *tape, int rows, int columns);
Tensor *tensor_like(const Tensor *a);
Tensor *tensor_fill(Tape *tape, int rank, const int *shape, real value);
Tensor *tensor_from(Tape *tape, int rank, const int *shape, const real *values);

/* Asks for gradients with respect to a leaf; returns it. */
Tensor *tensor_watch(Tensor *leaf);

/* The name that messages use; the text must outlive the tensor. Returns the tensor. */
Tensor *tensor_name(Tensor *a, const char *name);

/* ---------------------------------------------------------------- asking */

/* Rows and columns of a tensor seen as a matrix: all dimensions but the last, and the last. */
int tensor_rows(const Tensor *a);
int tensor_columns(const Tensor *a);

/* The value of a tensor of one number. */
real tensor_item(const Tensor *a);

/* The mean of all numbers, added up in double; no tensor is made. */
double tensor_mean_value(const Tensor *a);

/* The same of elements first .. last-1; NaN where there are none. */
double tensor_mean_between(const Tensor *a, int first, int last);

bool tensor_same_shape(const Tensor *a, const Tensor *b);

/* "[2, 7]" into text, which is returned. */
enum { TENSOR_SHAPE_TEXT = 80 };
char *tensor_shape_text(const Tensor *a, char text[TENSOR_SHAPE_TEXT]);

/* ---------------------------------------------------------------- elementwise, two operands,
 * broadcast */
Tensor *tensor_add(Tensor *a, Tensor *b);
Tensor *tensor_sub(Tensor *a, Tensor *b);
Tensor *tensor_mul(Tensor *a, Tensor *b);
Tensor *tensor_div(Tensor *a, Tensor *b);

/* ---------------------------------------------------------------- elementwise, one operand */
Tensor *tensor_neg(Tensor *a);
Tensor *tensor_scale(Tensor *a, real factor); /* factor * a          */
Tensor *tensor_shift(Tensor *a, real term);   /* a + term            */
Tensor *tensor_exp(Tensor *a);
Tensor *tensor_log(Tensor *a);
Tensor *tensor_sqrt(Tensor *a);
Tensor *tensor_square(Tensor *a);
Tensor *tensor_abs(Tensor *a); /* derivative 0 at 0   */
Tensor *tensor_tanh(Tensor *a);
Tensor *tensor_sigmoid(Tensor *a);
Tensor *tensor_softplus(Tensor *a); /* log(1 + e^a)        */
Tensor *tensor_relu(Tensor *a);     /* derivative 0 at 0   */
Tensor *tensor_leaky_relu(Tensor *a);
Tensor *tensor_silu(Tensor *a); /* a sigmoid(a)        */
Tensor *tensor_gelu(Tensor *a); /* a Phi(a), Phi the distribution function of N(0, 1)   */
Tensor *tensor_clamp(Tensor *a, real low, real high); /* derivative 0 outside [low, high] */

/* ---------------------------------------------------------------- reductions */
Tensor *tensor_sum(Tensor *a);                 /* all of it -> [1], added up in double   */
Tensor *tensor_mean(Tensor *a);                /* all of it -> [1]                       */
Tensor *tensor_sum_axis(Tensor *a, int axis);  /* that dimension becomes 1               */
Tensor *tensor_mean_axis(Tensor *a, int axis); /* that dimension becomes 1               */
Tensor *tensor_log_sum_exp(Tensor *a);         /* over the last dimension, which becomes 1 */

/* ---------------------------------------------------------------- over the last dimension */
Tensor *tensor_softmax(Tensor *a);
Tensor *tensor_log_softmax(Tensor *a);

/* -log softmax(logits)[label], nats: logits [..., classes], label[rows] in 0 .. classes-1 -> [rows,
 * 1]. */
Tensor *tensor_cross_entropy(Tensor *logits, const int *label);

/* ---------------------------------------------------------------- products */

/* [m, k] [k, n] -> [m, n], or batched [b, m, k] [b, k, n] -> [b, m, n]. */
Tensor *tensor_matmul(Tensor *a, Tensor *b);

/* A B^T: [m, k] [n, k] -> [m, n], or batched. */
Tensor *tensor_matmul_transposed(Tensor *a, Tensor *b);

/* activation(x W + b): x [..., in], weight [in, out], bias [out] or NULL -> [..., out]. */
Tensor *tensor_linear(Tensor *x, Tensor *weight, Tensor *bias, Activation activation);

/* activation(x * W + b): x [n, height, width, in], weight [kh, kw, in, out], bias [out] or NULL
 * -> [n, (height + 2 padding - kh) / stride + 1, (width + 2 padding - kw) / stride + 1, out]; at
 * the edges x is padded with zeros. A correlation, as everywhere in this field. */
Tensor *tensor_conv2d(Tensor *x, Tensor *weight, Tensor *bias, int stride, int padding,
                      Activation activation);

/* ---------------------------------------------------------------- attention */

/* softmax(Q K^T / sqrt(d / heads)) V, each head on its own columns: q [b, tq, d], k and v
 * [b, tk, d] -> [b, tq, d]. causal: position i sees 0 .. i only (tq = tk). key_mask [b tk]: 0 for
 * keys that nobody may see, NULL: all may be seen. Source: Vaswani et al. (2017),
 * arXiv:1706.03762, eq. 1. */
Tensor *tensor_attention(Tensor *q, Tensor *k, Tensor *v, int heads, bool causal,
                         const int *key_mask);

/* The same of q | k | v side by side: qkv [b, t, 3 d] -> [b, t, d]. */
Tensor *tensor_attention_packed(Tensor *qkv, int heads, bool causal, const int *key_mask);

/* Queries and keys of qkv [b, t, 3 d] turned by their positions, first, first + 1, ...; values as
 * they are. Source: Su et al. (2021), arXiv:2104.09864, eqs. 14 and 15. */
Tensor *tensor_rotary(Tensor *qkv, int heads, int first);

/* How much each query looked at each key: [b, heads, tq, tk], of a result of tensor_attention or
 * tensor_attention_packed while it is on the tape. */
const real *tensor_attention_weights(const Tensor *attention);

/* ---------------------------------------------------------------- normalisation */

/* gain (x - mean) / sqrt(variance + 1e-5) + bias: x [n, ..., channels], gain and bias [channels];
 * mean and variance over all positions and the channels of one of `groups` equal groups of each
 * example. Source: Wu & He (2018), arXiv:1803.08494. */
Tensor *tensor_group_norm(Tensor *x, Tensor *gain, Tensor *bias, int groups);

/* The same z, and z sigmoid(z) of it (SiLU). */
Tensor *tensor_group_norm_silu(Tensor *x, Tensor *gain, Tensor *bias, int groups);

/* The same over the last dimension of each row. Source: Ba, Kiros & Hinton (2016),
 * arXiv:1607.06450. */
Tensor *tensor_layer_norm(Tensor *x, Tensor *gain, Tensor *bias);

/* ---------------------------------------------------------------- shape */

/* The same numbers under another shape, free of charge; one dimension may be -1 (whatever is left).
 */
Tensor *tensor_reshape(Tensor *a, int rank, const int *shape);

/* Copies with dimension i of the result = dimension order[i] of a. */
Tensor *tensor_permute(Tensor *a, const int *order);

/* Joins n tensors along an axis; the other dimensions are equal. */
Tensor *tensor_concat(Tensor *const *part, int n, int axis);

/* Positions begin .. end-1 along an axis. */
Tensor *tensor_slice(Tensor *a, int axis, int begin, int end);

/* Rows of a table: table [n, d], index[count] in 0 .. n-1 -> [count, d]. */
Tensor *tensor_gather(Tensor *table, const int *index, int count);

/* Each row k times in a row: a [n, d] -> [n k, d]; row i becomes rows i k .. i k + k-1. */
Tensor *tensor_repeat_rows(Tensor *a, int times);

/* Copies of a along its dimensions of size 1 until it has that shape. */
Tensor *tensor_broadcast(Tensor *a, int rank, const int *shape);

/* Each pixel of [n, height, width, channel] factor x factor times (nearest neighbour). */
Tensor *tensor_upsample(Tensor *a, int factor);

/* The mean over cells of size x size pixels, which divide the image. */
Tensor *tensor_average_pool(Tensor *a, int size);

/* [n, height, width, c] -> [n, height / block, width / block, block^2 c]: the pixels of a cell one
 * after the other, row by row, in its channels; and its inverse. */
Tensor *tensor_space_to_depth(Tensor *a, int block);
Tensor *tensor_depth_to_space(Tensor *a, int block);

/* The same value, behind which no gradient flows. */
Tensor *tensor_detach(Tensor *a);

#endif
