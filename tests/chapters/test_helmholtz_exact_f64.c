/* Enumeration by layers against enumeration of everything at once, and the gradients against the
 * tape's. */
#include "01-helmholtz/helmholtz_exact.h"
#include "chapters/small_helmholtz.h"
#include "harness/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIMS = 4, LAYERS = 3, NUMBERS = 5 * 3 + 4 * 2 + 3 * 3 };

static const int WIDTH[LAYERS] = {3, 2, 3};

/* log sum exp of a column, in double. */
static double log_sum(const Tensor *a)
{
    double largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < a->size; i++)
        largest = fmax(largest, (double)a->value[i]);
    for (size_t i = 0; i < a->size; i++)
        sum += exp((double)a->value[i] - largest);
    return largest + log(sum);
}

/* All x of a machine of `layers` layers: log p, joint, entropy; sum over x of p(x) is 1; ELBO and
 * the KLs make log p. */
static void check_values(int layers, bool in_order)
{
    Helmholtz machine = small_helmholtz_of(DIMS, layers, WIDTH, 3, in_order);
    Tape *tape = tape_create(kernels_best());
    Exact *exact = exact_create(&machine);
    double whole = 0;
    for (int s = 0; s < 1 << DIMS; s++) {
        small_bind(&machine, tape);
        Tensor *x = small_x(&machine, tape, s);
        States all = small_all_hidden(&machine, x);
        Tensor *log_p = helmholtz_log_joint(&machine, &all);
        Tensor *log_q = helmholtz_log_recognition(&machine, &all);
        ExactValues v = exact_values(exact, x->value);
        double joint = 0, entropy = 0, kl = 0;
        for (size_t i = 0; i < log_q->size; i++) {
            double q = exp((double)log_q->value[i]);
            joint += q * (double)log_p->value[i];
            entropy -= q * (double)log_q->value[i];
        }
        for (int l = 0; l < layers; l++) {
            CU_ASSERT(v.kl[l] >= 0);
            kl += v.kl[l];
        }
        CU_ASSERT_DOUBLE_EQUAL(log_sum(log_q), 0, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(v.log_prob, log_sum(log_p), 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(v.joint, joint, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(v.entropy, entropy, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(exact_elbo(&v) + kl, v.log_prob, 1e-12);
        whole += exp(v.log_prob);
    }
    CU_ASSERT_DOUBLE_EQUAL(whole, 1, 1e-12);
    exact_free(exact);
    tape_free(tape);
    small_free(&machine);
}

static void test_values(void)
{
    for (int layers = 1; layers <= LAYERS; layers++)
        for (int in_order = 0; in_order <= 1; in_order++)
            check_values(layers, in_order);
}

/* Lateral weights make q another distribution, and the exact gradients are not of it. */
static void test_in_order(void)
{
    Helmholtz apart = small_helmholtz(DIMS, 2, WIDTH, 3);
    Helmholtz machine = small_helmholtz_of(DIMS, 2, WIDTH, 3, true);
    CU_ASSERT(exact_gradient_possible(&apart) && exact_sleep_possible(&apart));
    CU_ASSERT(!exact_gradient_possible(&machine) && !exact_sleep_possible(&machine));
    Helmholtz without = machine;
    without.lateral[0] = without.lateral[1] = (Masked){.mask = NULL};
    const Helmholtz *both[2] = {&machine, &without};
    double elbo[2];
    for (int i = 0; i < 2; i++) {
        Exact *exact = exact_create(both[i]);
        ExactValues v = exact_values(exact, (const real[DIMS]){1, 0, 1, 1});
        elbo[i] = exact_elbo(&v);
        exact_free(exact);
    }
    CU_ASSERT(fabs(elbo[0] - elbo[1]) > 0.01);
    CU_ASSERT_EQUAL(exact_recognition_numbers(&apart), 5 * 3 + 4 * 2);
    CU_ASSERT_EQUAL(exact_recognition_numbers(&machine), 6 * 3 + 4 * 2); /* five features */
    small_free(&machine);
    small_free(&apart);
}

/* The error of the top layer alone, by its definition. */
static void test_kl_by_layer(void)
{
    Helmholtz machine = small_helmholtz(DIMS, 2, WIDTH, 5);
    Tape *tape = tape_create(kernels_best());
    Exact *exact = exact_create(&machine);
    small_bind(&machine, tape);
    Tensor *x = small_x(&machine, tape, 6);
    States all = small_all_hidden(&machine, x);
    Tensor *log_p = helmholtz_log_joint(&machine, &all);
    Tensor *log_q = helmholtz_log_recognition(&machine, &all);
    double p1[8] = {0}, q1[8] = {0}, top = 0;
    for (int s = 0; s < 32; s++) { /* h_1 in the low three bits */
        p1[s & 7] += exp((double)log_p->value[s]);
        q1[s & 7] += exp((double)log_q->value[s]);
    }
    for (int s = 0; s < 32; s++)
        top += exp((double)log_q->value[s]) * ((double)log_q->value[s] - log(q1[s & 7]) -
                                               (double)log_p->value[s] + log(p1[s & 7]));
    ExactValues v = exact_values(exact, x->value);
    CU_ASSERT_DOUBLE_EQUAL(v.kl[1], top, 1e-12);
    exact_free(exact);
    tape_free(tape);
    model_free_parts(&machine.model);
}

/* Mean over three x of sum_h q (log p - log q), by the tape. */
static void test_elbo_gradient(void)
{
    static const int X[3] = {1, 6, 15};
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 7);
    Tape *tape = tape_create(kernels_best());
    Exact *exact = exact_create(&machine);
    double found[NUMBERS], expected[NUMBERS];
    real x[3 * DIMS];
    CU_ASSERT_EQUAL_FATAL(exact_recognition_numbers(&machine), NUMBERS);
    small_bind(&machine, tape);
    for (int i = 0; i < 3; i++) {
        Tensor *row = small_x(&machine, tape, X[i]);
        for (int d = 0; d < DIMS; d++)
            x[i * DIMS + d] = row->value[d];
        States all = small_all_hidden(&machine, row);
        Tensor *log_q = helmholtz_log_recognition(&machine, &all);
        Tensor *gap = tensor_sub(helmholtz_log_joint(&machine, &all), log_q);
        tape_backward(
            tensor_scale(tensor_sum(tensor_mul(tensor_exp(log_q), gap)), (real)(1.0 / 3)));
    }
    small_gradient(machine.recognition, LAYERS, expected);
    exact_elbo_gradient(exact, x, 3, found);
    for (int i = 0; i < NUMBERS; i++)
        CU_ASSERT_DOUBLE_EQUAL(found[i], expected[i], 1e-12);
    exact_free(exact);
    tape_free(tape);
    model_free_parts(&machine.model);
}

/* Minus the gradient of E_p(x) KL(p(h|x) || q(h|x)), with p held still: sign included. */
static void test_sleep_gradient(void)
{
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 9);
    Tape *tape = tape_create(kernels_best());
    Exact *exact = exact_create(&machine);
    double found[NUMBERS], expected[NUMBERS];
    small_bind(&machine, tape);
    for (int s = 0; s < 1 << DIMS; s++) {
        States all = small_all_hidden(&machine, small_x(&machine, tape, s));
        Tensor *log_q = helmholtz_log_recognition(&machine, &all);
        Tensor *log_p = tensor_detach(helmholtz_log_joint(&machine, &all));
        double log_x = log_sum(log_p);
        Tensor *posterior = tensor_exp(tensor_shift(log_p, (real)-log_x));
        Tensor *kl =
            tensor_sum(tensor_mul(posterior, tensor_sub(tensor_shift(log_p, (real)-log_x), log_q)));
        tape_backward(tensor_scale(kl, (real)exp(log_x)));
    }
    small_gradient(machine.recognition, LAYERS, expected);
    exact_sleep_gradient(exact, found);
    for (int i = 0; i < NUMBERS; i++)
        CU_ASSERT_DOUBLE_EQUAL(found[i], -expected[i], 1e-12);
    exact_free(exact);
    tape_free(tape);
    model_free_parts(&machine.model);
}

/* Right, opposite, and at a right angle. */
static void test_angle(void)
{
    const double a[2] = {1, 0}, b[2] = {-2, 0}, c[2] = {0, 3}, none[2] = {0, 0};
    CU_ASSERT_DOUBLE_EQUAL(exact_angle(a, a, 2), 0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(exact_angle(a, b, 2), 180, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(exact_angle(a, c, 2), 90, 1e-9);
    CU_ASSERT(isnan(exact_angle(a, none, 2)));
}

static void test_too_large(void)
{
    Helmholtz wide = {.layers = 1, .width = {EXACT_MOST_UNITS + 1}};
    Helmholtz pair = {.layers = 2, .width = {13, 12}};
    Helmholtz fits = {.layers = 3, .width = {14, 10, 14}};
    CU_ASSERT_FALSE(exact_possible(&wide));
    CU_ASSERT_FALSE(exact_possible(&pair));
    CU_ASSERT_TRUE(exact_possible(&fits));
}

const Suite suite = {"chapters/helmholtz exact",
                     {{"values", test_values},
                      {"units of q in order", test_in_order},
                      {"the error of a layer", test_kl_by_layer},
                      {"the gradient of the ELBO", test_elbo_gradient},
                      {"the sleep update", test_sleep_gradient},
                      {"angles", test_angle},
                      {"too large", test_too_large},
                      {NULL, NULL}}};
