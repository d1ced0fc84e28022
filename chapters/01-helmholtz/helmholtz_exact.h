/* A small machine by enumeration, in double: log p(x), the ELBO and its two parts, and how far q is
 * from the true posterior, layer by layer. Nothing is sampled.
 *
 * Both networks are chains, so sums over all states h_1 .. h_L come apart into sums over one layer
 * given the state of the layer below. For a state h of layer l (of the data: h_0 = x)
 *
 *     log_prob  m_l(h) = log p(h_l)                 = log sum_h' p(h | h') exp m_{l+1}(h')
 *     joint     J_l(h) = E_q[log p(h_l, h_{l+1} ..)] = E_q(h'|h) [log p(h | h') + J_{l+1}(h')]
 *     entropy   S_l(h) = H(q(h_{l+1} .. | h))       = E_q(h'|h) [-log q(h' | h) + S_{l+1}(h')]
 *     kl[l]            = KL(q(h_{l+1} | h) || p(h_{l+1} | h)), and the expectation of those above
 *
 * and log_prob = joint + entropy + the sum of kl, which the tests check. */
#ifndef HELMHOLTZ_HELMHOLTZ_EXACT_H
#define HELMHOLTZ_HELMHOLTZ_EXACT_H

#include "01-helmholtz/helmholtz.h"

/* Units of a layer, and of two neighbouring layers together, that can be enumerated. */
enum { EXACT_MOST_UNITS = 20, EXACT_MOST_PAIR = 24 };

/* What is known exactly of one state. Nats. */
typedef struct ExactValues {
    double log_prob, joint, entropy;
    double kl[HELMHOLTZ_MOST_LAYERS]; /* of hidden layer 1 .. L at [0 .. L-1]: expectation over q */
} ExactValues;

/* Of every state of one hidden layer; bit j of a state's number is unit j. */
typedef struct ExactLayer {
    int width;
    size_t states;
    double *log_prob, *joint, *entropy;
    double *kl[HELMHOLTZ_MOST_LAYERS];
} ExactLayer;

typedef struct Exact {
    const Helmholtz *machine;
    ExactLayer layer[HELMHOLTZ_MOST_LAYERS];   /* [l]: h_{l+1} */
    double *normaliser[HELMHOLTZ_MOST_LAYERS]; /* [l]: sum_i log(1 + exp logit_i) of p(h_l | .) for
                                                  every state of the layer above */
    double *log_q, *log_p;                     /* room for the states of the widest layer */
} Exact;

/* Whether the machine is small enough; the sizes that matter are in the header. */
bool exact_possible(const Helmholtz *machine);

/* Pairs of states that enumerating the machine, and then so many x, goes through: some 30
 * nanoseconds each. */
double exact_pairs(const Helmholtz *machine, int examples);

/* Everything about the hidden layers, from the weights as they are. The machine must be small
 * enough (exact_possible) and outlive it. Free with exact_free. */
Exact *exact_create(const Helmholtz *machine);
void exact_free(Exact *exact);

/* Of x [dims], 0 or 1. */
ExactValues exact_values(const Exact *exact, const real *x);

/* The same of a state h of layer l (of x at 0); leaves log q(h' | h) and log p(h | h') of all
 * states h' above in exact->log_q and log_p. */
ExactValues exact_values_of(const Exact *exact, int l, const double *h);

/* The unit's values of state s. */
void exact_unpack(size_t s, int width, double *h);

/* joint + entropy. */
double exact_elbo(const ExactValues *values);

/* ---------------------------------------------------------------- gradients */

/* Numbers of the recognition weights: of each layer the weight, then the bias, as they lie. */
size_t exact_recognition_numbers(const Helmholtz *machine);

/* Whether the machine is small enough, its q of independent units, and without features. */
bool exact_gradient_possible(const Helmholtz *machine);

/* Gradient with respect to them of the ELBO, its mean over x [n, dims]. */
void exact_elbo_gradient(const Exact *exact, const real *x, int n, double *gradient);

/* The expected sleep update, E_p(x,h) grad log q(h|x) = -grad E_p(x) KL(p(h|x) || q(h|x)). All x
 * are gone through: exact_sleep_possible says whether dims is small enough. */
bool exact_sleep_possible(const Helmholtz *machine);
void exact_sleep_gradient(const Exact *exact, double *gradient);

/* The angle between two vectors, degrees; NaN when one is zero. */
double exact_angle(const double *a, const double *b, size_t n);

#endif
