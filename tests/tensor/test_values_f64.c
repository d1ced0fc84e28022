/* The values of the operations against their definitions, element by element, in double: finite
 * differences would not notice an operation that computes something else, consistently. */
#include "harness/suite.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <math.h>

enum { MOST = TENSOR_MOST_DIMS };

static Tensor *uniform(Tape *tape, int rank, const int *shape, double low, double high)
{
    Tensor *a = tensor_new(tape, rank, shape);
    Rng rng = rng_stream((uint64_t)rank, "values");
    rng_uniform(&rng, a->value, a->size);
    for (size_t i = 0; i < a->size; i++)
        a->value[i] = low + (high - low) * a->value[i];
    return a;
}

/* The indices of entry number i, and the entry of a at indices; a dimension of 1 is repeated. */
static void indices_of(const Tensor *a, size_t i, int index[MOST])
{
    for (int d = a->rank - 1; d >= 0; d--) {
        index[d] = (int)(i % (size_t)a->shape[d]);
        i /= (size_t)a->shape[d];
    }
}

static double entry(const Tensor *a, const int index[MOST])
{
    size_t at = 0;
    for (int d = 0; d < a->rank; d++)
        at = at * (size_t)a->shape[d] + (size_t)(a->shape[d] == 1 ? 0 : index[d]);
    return a->value[at];
}

static bool near(double got, double want)
{
    return fabs(got - want) <= 1e-14 * fmax(1, fabs(want));
}

/* ---------------------------------------------------------------- elementwise */

static int wrong_pairs(Tensor *a, Tensor *b, const int *shape)
{
    Tensor *sum = tensor_add(a, b), *difference = tensor_sub(a, b);
    Tensor *product = tensor_mul(a, b), *quotient = tensor_div(a, b);
    int wrong = 0, index[MOST];
    for (int d = 0; d < a->rank; d++)
        wrong += sum->shape[d] != shape[d] || difference->shape[d] != shape[d] ||
                 product->shape[d] != shape[d] || quotient->shape[d] != shape[d];
    for (size_t i = 0; wrong == 0 && i < sum->size; i++) {
        indices_of(sum, i, index);
        double x = entry(a, index), y = entry(b, index);
        wrong += sum->value[i] != x + y || difference->value[i] != x - y ||
                 product->value[i] != x * y || quotient->value[i] != x / y;
    }
    return wrong;
}

/* Every way in which the dimensions of [3, 2, 4, 2, 3] can be 1 on either side, exactly. */
static void test_broadcasting(void)
{
    static const int full[MOST] = {3, 2, 4, 2, 3};
    Tape *tape = tape_create(&kernels_portable);
    int wrong = 0;
    for (int rank = 1; rank <= MOST; rank++)
        for (int ones = 0; ones < 1 << (2 * rank); ones++) {
            int left[MOST], right[MOST], both[MOST];
            for (int d = 0; d < rank; d++) {
                left[d] = ones >> (2 * d) & 1 ? 1 : full[d];
                right[d] = ones >> (2 * d + 1) & 1 ? 1 : full[d];
                both[d] = left[d] > right[d] ? left[d] : right[d];
            }
            tape_reset(tape);
            Tensor *a = uniform(tape, rank, left, -2, 2), *b = uniform(tape, rank, right, 1, 2);
            wrong += wrong_pairs(a, b, both);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_reset(tape); /* in pieces, by threads */
    Tensor *a = uniform(tape, 2, (int[]){251, 67}, -2, 2);
    CU_ASSERT_EQUAL(wrong_pairs(a, uniform(tape, 2, (int[]){251, 67}, 1, 2), a->shape), 0);
    CU_ASSERT_EQUAL(wrong_pairs(a, uniform(tape, 2, (int[]){1, 67}, 1, 2), a->shape), 0);
    CU_ASSERT_EQUAL(wrong_pairs(a, uniform(tape, 2, (int[]){251, 1}, 1, 2), a->shape), 0);
    CU_ASSERT_EQUAL(wrong_pairs(a, uniform(tape, 2, (int[]){1, 1}, 1, 2), a->shape), 0);
    tape_free(tape);
}

static void test_single(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 3, (int[]){5, 7, 3}, -3, 3), *positive = tensor_abs(a);
    Tensor *result[] = {tensor_neg(a),        tensor_scale(a, -3),   tensor_shift(a, 2),
                        tensor_exp(a),        tensor_square(a),      positive,
                        tensor_tanh(a),       tensor_sigmoid(a),     tensor_softplus(a),
                        tensor_relu(a),       tensor_leaky_relu(a),  tensor_clamp(a, -1, 2),
                        tensor_log(positive), tensor_sqrt(positive), tensor_silu(a),
                        tensor_gelu(a)};
    int wrong = 0;
    for (size_t i = 0; i < a->size; i++) {
        double x = a->value[i];
        double want[] = {-x,
                         -3 * x,
                         x + 2,
                         exp(x),
                         x * x,
                         fabs(x),
                         tanh(x),
                         1 / (1 + exp(-x)),
                         log(1 + exp(x)),
                         x > 0 ? x : 0,
                         x > 0 ? x : (double)TENSOR_LEAK * x,
                         fmin(fmax(x, -1), 2),
                         log(fabs(x)),
                         sqrt(fabs(x)),
                         x / (1 + exp(-x)),
                         x * erfc(-x / sqrt(2.0)) / 2};
        for (size_t k = 0; k < sizeof result / sizeof *result; k++)
            wrong += !near(result[k]->value[i], want[k]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

/* Where the header promises a slope at a kink. */
static void test_kinks(void)
{
    Tape *tape = tape_create(&kernels_portable);
    real values[4] = {0, -1, 2, 3};
    Tensor *x = tensor_watch(tensor_from(tape, 1, (int[]){4}, values));
    Tensor *gradient;
    tape_gradient(tensor_sum(tensor_abs(x)), NULL, &x, 1, &gradient);
    CU_ASSERT(gradient->value[0] == 0 && gradient->value[1] == -1 && gradient->value[2] == 1);
    tape_gradient(tensor_sum(tensor_relu(x)), NULL, &x, 1, &gradient);
    CU_ASSERT(gradient->value[0] == 0 && gradient->value[1] == 0 && gradient->value[2] == 1);
    tape_gradient(tensor_sum(tensor_clamp(x, 0, 2)), NULL, &x, 1, &gradient);
    CU_ASSERT(gradient->value[0] == 1 && gradient->value[1] == 0);
    CU_ASSERT(gradient->value[2] == 1 && gradient->value[3] == 0);
    CU_ASSERT(isnan(tensor_clamp(tensor_fill(tape, 1, (int[]){1}, NAN), 0, 1)->value[0]));
    tape_free(tape);
}

/* ---------------------------------------------------------------- sums and softmax */

static void test_reductions(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 4, (int[]){3, 4, 2, 5}, -3, 3);
    double all = 0;
    for (size_t i = 0; i < a->size; i++)
        all += a->value[i];
    CU_ASSERT(near(tensor_item(tensor_sum(a)), all));
    CU_ASSERT(near(tensor_item(tensor_mean(a)), all / 120));
    int wrong = 0, index[MOST];
    for (int axis = 0; axis < a->rank; axis++) {
        Tensor *sum = tensor_sum_axis(a, axis), *mean = tensor_mean_axis(a, axis);
        CU_ASSERT(sum->shape[axis] == 1 && sum->size == a->size / (size_t)a->shape[axis]);
        for (size_t i = 0; i < sum->size; i++) {
            double want = 0;
            indices_of(sum, i, index);
            for (index[axis] = 0; index[axis] < a->shape[axis]; index[axis]++)
                want += entry(a, index);
            wrong += !near(sum->value[i], want) || !near(mean->value[i], want / a->shape[axis]);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

static void test_softmax(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 3, (int[]){2, 3, 6}, -3, 3);
    Tensor *high = tensor_shift(a, 1000), *low = tensor_shift(a, -1000);
    Tensor *p = tensor_softmax(a), *log_p = tensor_log_softmax(a), *z = tensor_log_sum_exp(a);
    const int label[6] = {0, 5, 2, 2, 1, 4};
    Tensor *nats = tensor_cross_entropy(a, label);
    CU_ASSERT(z->rank == 3 && z->shape[2] == 1 && nats->rank == 2 && nats->shape[1] == 1);
    for (int r = 0; r < 6; r++) {
        double sum = 0, total = 0;
        for (int j = 0; j < 6; j++)
            sum += exp(a->value[r * 6 + j]);
        CU_ASSERT(near(z->value[r], log(sum)));
        CU_ASSERT(fabs(tensor_log_sum_exp(high)->value[r] - 1000 - log(sum)) < 1e-12);
        CU_ASSERT(fabs(tensor_log_sum_exp(low)->value[r] + 1000 - log(sum)) < 1e-12);
        for (int j = 0; j < 6; j++) {
            CU_ASSERT(near(p->value[r * 6 + j], exp(a->value[r * 6 + j]) / sum));
            CU_ASSERT(near(log_p->value[r * 6 + j], a->value[r * 6 + j] - log(sum)));
            total += p->value[r * 6 + j];
        }
        CU_ASSERT(near(total, 1));
        CU_ASSERT(near(nats->value[r], -log_p->value[r * 6 + label[r]]));
    }
    real masked[3] = {-INFINITY, 0, -INFINITY};
    Tensor *one = tensor_softmax(tensor_from(tape, 1, (int[]){3}, masked));
    CU_ASSERT(one->value[0] == 0 && one->value[1] == 1 && one->value[2] == 0);
    tape_free(tape);
}

/* ---------------------------------------------------------------- products */

static void test_products(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 3, (int[]){2, 3, 4}, -1, 1);
    Tensor *b = tensor_exp(uniform(tape, 3, (int[]){2, 4, 5}, -1, 1));
    Tensor *c = tensor_matmul(a, b);
    Tensor *same = tensor_matmul_transposed(a, tensor_permute(b, (int[]){0, 2, 1}));
    int wrong = 0, index[MOST];
    for (size_t i = 0; i < c->size; i++) {
        double want = 0;
        indices_of(c, i, index);
        for (int k = 0; k < 4; k++)
            want += entry(a, (int[MOST]){index[0], index[1], k}) *
                    entry(b, (int[MOST]){index[0], k, index[2]});
        wrong += !near(c->value[i], want) || !near(same->value[i], want);
    }
    CU_ASSERT(c->rank == 3 && c->shape[0] == 2 && c->shape[1] == 3 && c->shape[2] == 5);
    CU_ASSERT(tensor_same_shape(c, same));
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

static Tensor *activated(Tensor *z, Activation activation)
{
    switch (activation) {
    case ACTIVATION_TANH:
        return tensor_tanh(z);
    case ACTIVATION_SIGMOID:
        return tensor_sigmoid(z);
    case ACTIVATION_RELU:
        return tensor_relu(z);
    case ACTIVATION_LEAKY_RELU:
        return tensor_leaky_relu(z);
    default:
        return z;
    }
}

/* The fused layer against the operations that it fuses. */
static void test_linear(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = uniform(tape, 3, (int[]){4, 5, 6}, -1, 1),
           *b = uniform(tape, 1, (int[]){70}, -1, 1);
    Tensor *w = uniform(tape, 2, (int[]){6, 70}, -1, 1);
    Tensor *z = tensor_matmul(tensor_reshape(x, 2, (int[]){20, 6}), w);
    int wrong = 0;
    for (int a = ACTIVATION_NONE; a <= ACTIVATION_LEAKY_RELU; a++) {
        Activation activation = (Activation)a;
        Tensor *with = tensor_linear(x, w, b, activation);
        Tensor *without = tensor_linear(x, w, NULL, activation);
        Tensor *row = tensor_reshape(b, 2, (int[]){1, 70});
        Tensor *with_parts = activated(tensor_add(z, row), activation);
        Tensor *without_parts = activated(z, activation);
        CU_ASSERT(with->rank == 3 && with->shape[1] == 5 && with->shape[2] == 70);
        for (size_t i = 0; i < with->size; i++)
            wrong += !near(with->value[i], with_parts->value[i]) ||
                     !near(without->value[i], without_parts->value[i]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

/* ---------------------------------------------------------------- moving */

/* All 120 orders of five dimensions. */
static void test_permute(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 5, (int[]){2, 3, 1, 4, 2}, -1, 1);
    int orders = 0, wrong = 0, index[MOST], from[MOST];
    for (int code = 0; code < 3125; code++) {
        int order[MOST], seen = 0;
        for (int d = 0, rest = code; d < MOST; d++, rest /= 5) {
            order[d] = rest % 5;
            seen |= 1 << order[d];
        }
        if (seen != 31)
            continue;
        orders++;
        const Tensor *y = tensor_permute(a, order);
        for (size_t i = 0; i < y->size; i++) {
            indices_of(y, i, index);
            for (int d = 0; d < MOST; d++)
                from[order[d]] = index[d];
            wrong += y->value[i] != entry(a, from);
        }
        for (int d = 0; d < MOST; d++)
            wrong += y->shape[d] != a->shape[order[d]];
    }
    CU_ASSERT(orders == 120 && wrong == 0);
    tape_free(tape);
}

/* Slices, joined again, are the tensor; and each slice holds what it should. */
static void test_slice_and_concat(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 4, (int[]){5, 4, 6, 4}, -1, 1);
    int wrong = 0, index[MOST];
    for (int axis = 0; axis < 4; axis++) {
        int n = a->shape[axis];
        Tensor *part[3] = {tensor_slice(a, axis, 0, 1), tensor_slice(a, axis, 1, 3),
                           tensor_slice(a, axis, 3, n)};
        const Tensor *whole = tensor_concat(part, 3, axis);
        wrong += !tensor_same_shape(whole, a);
        for (size_t i = 0; i < a->size; i++)
            wrong += whole->value[i] != a->value[i];
        for (size_t i = 0; i < part[1]->size; i++) {
            indices_of(part[1], i, index);
            index[axis]++;
            wrong += part[1]->value[i] != entry(a, index);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

static void test_rows(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = uniform(tape, 2, (int[]){4, 3}, -1, 1);
    const int index[7] = {3, 0, 0, 2, 3, 1, 0};
    const Tensor *picked = tensor_gather(a, index, 7), *repeated = tensor_repeat_rows(a, 5);
    CU_ASSERT(picked->shape[0] == 7 && picked->shape[1] == 3 && repeated->shape[0] == 20);
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 3; j++)
            CU_ASSERT(picked->value[i * 3 + j] == a->value[index[i] * 3 + j]);
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 3; j++)
            CU_ASSERT(repeated->value[i * 3 + j] == a->value[i / 5 * 3 + j]);
    Tensor *flat = tensor_reshape(a, 3, (int[]){2, -1, 3});
    CU_ASSERT(flat->shape[1] == 2 && flat->value == a->value);
    const Tensor *spread = tensor_broadcast(tensor_slice(a, 0, 2, 3), 2, (int[]){6, 3});
    for (int i = 0; i < 18; i++)
        CU_ASSERT(spread->value[i] == a->value[6 + i % 3]);
    CU_ASSERT(tensor_broadcast(a, 2, a->shape) == a);
    tape_free(tape);
}

const Suite suite = {"tensor/values",
                     {{"broadcasting", test_broadcasting},
                      {"one operand", test_single},
                      {"slopes at kinks", test_kinks},
                      {"sums and means", test_reductions},
                      {"softmax and its kin", test_softmax},
                      {"matrix products", test_products},
                      {"linear = its parts", test_linear},
                      {"permute", test_permute},
                      {"slice and concat", test_slice_and_concat},
                      {"rows", test_rows},
                      {NULL, NULL}}};
