/* The generative adversarial network: a generator turns noise into examples, a discriminator tells
 * them from the data, and each is trained against the other. There is no likelihood.
 *
 * Sources: Goodfellow et al. (2014), arXiv:1406.2661 (the game; the saturating and the
 * non-saturating loss); Arjovsky, Chintala & Bottou (2017), arXiv:1701.07875 (Wasserstein);
 * Gulrajani et al. (2017), arXiv:1704.00028 (gradient penalty); Mescheder, Geiger & Nowozin (2018),
 * arXiv:1801.04406 (R1, R2, the Dirac GAN); Lim & Ye (2017), arXiv:1705.02894 (hinge);
 * Jolicoeur-Martineau (2019), arXiv:1807.00734 (relativistic); Lin et al. (2018), arXiv:1712.04086
 * (packing, the counts of modes). */
#ifndef GAN_GAN_H
#define GAN_GAN_H

#include "05-gan/gan_network.h"
#include "train/family.h"

/* The order of --loss. */
typedef enum GanLoss {
    GAN_NON_SATURATING,
    GAN_MINIMAX,
    GAN_WASSERSTEIN,
    GAN_HINGE,
    GAN_RELATIVISTIC
} GanLoss;

/* What the discriminator sees of the generator's work where the data are 0 and 1 (--bits): numbers
 * between, or rounded ones whose gradient is taken as if they were not (straight through: Bengio,
 * Leonard & Courville 2013, arXiv:1308.3432, sec. 4). The order of --bits. */
typedef enum GanBits { BITS_SOFT, BITS_HARD } GanBits;

/* The order of --penalty. */
typedef enum GanPenalty { PENALTY_NONE, PENALTY_R1, PENALTY_R1_R2, PENALTY_ONE } GanPenalty;

typedef struct GanDiary GanDiary;

typedef struct Gan {
    Model model; /* part 0: the generator, part 1: the discriminator */
    DataKind kind;
    int dims, levels;
    Tensor *center, *scale; /* [1, dims], buffers of the generator: data = scale network + center */
    Generator generator;
    Discriminator discriminator;
    GanBits bits;
    GanLoss loss;
    GanPenalty penalty;
    double penalty_weight;
    int penalty_every;         /* in steps; the weight is multiplied by it                     */
    int discriminator_steps;   /* per step of the generator                                  */
    double discriminator_rate; /* learning rate of the discriminator over the generator's    */
    GanDiary *diary;
} Gan;

extern const Family gan_family;

/* Data [n, dims] in network units, and back, as values: levels are rounded and kept in range. */
Tensor *gan_to_network(const Gan *gan, Tensor *x);
void gan_to_data(const Gan *gan, const Tensor *x, real *out);

/* z ~ N(0, I), x = G(z): n examples in network units, rounded to -1 and 1 where that is how the
 * game is played. label [n] or NULL. */
Tensor *gan_generate(const Gan *gan, Tape *tape, Rng *noise, int n, const int *label);

/* What the discriminator minimises -> [1], from its logits of as many real and generated packs
 * [n, 1]:
 *
 *     minimax        E softplus(-D(x)) + E softplus(D(G(z)))   minus eq. 1 of Goodfellow et al.
 *
 *     the same       for the non-saturating game
 *
 *     Wasserstein    E D(G(z)) - E D(x)
 *
 *     hinge          E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))
 *
 *     relativistic   E softplus(D(G(z)) - D(x)), in pairs */
Tensor *gan_discriminator_loss(GanLoss loss, Tensor *real_logit, Tensor *fake_logit);

/* What the generator minimises -> [1]; only the relativistic loss looks at the real logits.
 *
 *     minimax              -E softplus(D(G(z))) = E log(1 - sigmoid(D(G(z))))
 *
 *     non-saturating       E softplus(-D(G(z)))
 *
 *     Wasserstein, hinge   -E D(G(z))
 *
 *     relativistic         E softplus(D(x) - D(G(z))), in pairs */
Tensor *gan_generator_loss(GanLoss loss, Tensor *real_logit, Tensor *fake_logit);

/* A penalty on the slope of D at given points. Its own value is a number; `surrogate` [1] is what a
 * backward sweep needs: its gradient with respect to the weights is the penalty's, exactly. With g
 * = grad_x D, the gradient of f(|g|) is that of the Jacobian-vector product f'(|g|) g/|g| . dD/dx
 * with the direction held constant. */
typedef struct SlopePenalty {
    double value, slope; /* the penalty; the mean of |g| */
    Tensor *surrogate;
} SlopePenalty;

/* weight/2 E |g|^2 (Mescheder et al. 2018). logit = D(x), x a watched leaf [n, dims]; the slope of
 * a pack is that of all its numbers. */
SlopePenalty gan_penalty_zero(Tensor *logit, Tensor *x, double weight);

/* weight E (|g| - 1)^2 (Gulrajani et al. 2017, eq. 3). */
SlopePenalty gan_penalty_one(Tensor *logit, Tensor *x, double weight);

/* epsilon x + (1 - epsilon) y with epsilon ~ U(0, 1) for each pack, a watched leaf. */
Tensor *gan_between(const Tensor *x, const Tensor *y, int pack, Rng *noise);

/* In the other files of the chapter. */
void gan_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void gan_figures(Model *model, const Task *task);
extern const OptionSpec gan_eval_options[];
extern const FamilyCommand gan_commands[];

#endif
