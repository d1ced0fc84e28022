/* The variational autoencoder: p(x, z) = p(z) p(x|z) with a network for p(x|z), and a second
 * network q(z|x) that guesses which z made an x. Both are trained by climbing a lower bound of log
 * p(x).
 *
 * Sources: Kingma & Welling (2014), arXiv:1312.6114 (the ELBO, the reparameterization trick);
 *          Burda, Grosse & Salakhutdinov (2016), arXiv:1509.00519 (the bound with k samples, IWAE;
 * the two architectures); Tucker et al. (2019), arXiv:1810.04152 (doubly reparameterized gradients,
 * DReG); Rezende & Mohamed (2015), arXiv:1505.05770 (a posterior made of a flow); Kingma et al.
 * (2016), arXiv:1606.04934 (the inverse autoregressive flow).
 *
 * One or two layers of latents: h[0] is next to the data, the last is the top, whose prior is N(0,
 * I). q(h|x) = q(h0|x) q(h1|h0)        p(x, h) = p(h1) p(h0|h1) p(x|h0)
 */
#ifndef VAE_VAE_H
#define VAE_VAE_H

#include "nn/flow.h"
#include "nn/mlp.h"
#include "prob/gaussian.h"
#include "train/family.h"

enum { VAE_MOST_LAYERS = 2 };

/* A Gaussian whose mean and log variance a network computes. */
typedef struct GaussianNet {
    Mlp hidden;
    Linear mean, logvar;
} GaussianNet;

typedef enum VaeObjective { VAE_ELBO, VAE_IWAE } VaeObjective;

typedef struct Vae {
    Model model;
    DataKind kind;    /* of the data: what p(x|h0) is                                      */
    int dims, levels; /* numbers an example; grey levels                                   */
    int layers;       /* of latents                                                        */
    int width[VAE_MOST_LAYERS];
    Tensor *center; /* [1, dims]: mean of the training data, taken off the encoder's input  */
    GaussianNet encoder[VAE_MOST_LAYERS]; /* q(h0|x), q(h1|h0)                              */
    GaussianNet prior;                    /* p(h0|h1), with two layers                        */
    Mlp decoder;
    Linear out;   /* logits, or means        */
    Linear scale; /* log scale or log variance; not for binary data */
    Flow flow;    /* --posterior flow: h0 = f(the encoder's draw; x); else without layers */
    VaeObjective objective;
    int samples; /* k */
    bool dreg;
    double beta,
        warmup; /* weight of the KL; share of the steps over which it rises from 0 to beta */
} Vae;

extern const Family vae_family;

/* What an encoder drew: q and a sample of each layer, k rows an example. With a flow q[0] is the
 * distribution of `start`, and h[0] = f(start; x). */
typedef struct VaeDraw {
    Gaussian q[VAE_MOST_LAYERS];
    Tensor *h[VAE_MOST_LAYERS]; /* [n k, width]                                        */
    Tensor *start;              /* [n k, width]; NULL without a flow                   */
    Tensor *log_det;            /* [n k, 1]: log |det dh0 / d start|; NULL without one */
} VaeDraw;

/* The data as the encoder sees them: grey levels scaled to 0 .. 1, the mean taken off. x [n, dims].
 */
Tensor *vae_input(const Vae *vae, Tensor *x);

/* q(h0|x) -> [n, width]. */
Gaussian vae_encode(const Vae *vae, Tensor *x);

/* What the layers of the flow see of x: the encoder's last hidden layer [n, width]. */
Tensor *vae_flow_context(const Vae *vae, Tensor *x);

/* k draws of all layers for each x. */
VaeDraw vae_draw(const Vae *vae, Tensor *x, int k, Rng *noise);

/* log p(x|h0) -> [n k, 1], nats. */
Tensor *vae_log_likelihood(const Vae *vae, Tensor *x, Tensor *h0);

/* p(x|h0) of points -> [n, dims]. */
Gaussian vae_decode_gaussian(const Vae *vae, Tensor *h0);

/* log p(h) of all layers -> [n k, 1], nats. */
Tensor *vae_log_prior(const Vae *vae, Tensor *const *h);

/* log q(h|x) -> [n k, 1], nats. With a flow log q0(start|x) - log_det (Rezende & Mohamed 2015,
 * sec. 3.1). */
Tensor *vae_log_posterior(const VaeDraw *draw);

/* ELBO of each example with one draw -> [n, 1], nats; the KL weighted by beta (1 for the bound
 * itself). */
typedef struct VaeBound {
    Tensor *bound; /* fit - beta kl             */
    Tensor *fit;   /* E_q[log p(x|h)]           */
    Tensor *kl;    /* KL(q(h|x) || p(h))        */
} VaeBound;
VaeBound vae_elbo(const Vae *vae, Tensor *x, double beta, Rng *noise);

/* log w_k = log p(x, h_k) - log q(h_k|x) -> [n, k], nats. */
Tensor *vae_log_weights(const Vae *vae, Tensor *x, int k, Rng *noise);

/* The bound with k samples, log 1/k sum_k w_k -> [n, 1], nats. [n, k] in. */
Tensor *vae_iwae(Tensor *log_weights);

/* Backward pass of the mean of -vae_iwae by the doubly reparameterized estimator for the encoder;
 * returns the bounds [n, 1]. */
Tensor *vae_dreg_backward(const Vae *vae, Tensor *x, int k, Rng *noise);

/* The mean of p(x|h0) in the data's units, and a draw from it: [n, dims], without history. */
Tensor *vae_mean(const Vae *vae, Tensor *h0);
Tensor *vae_draw_data(const Vae *vae, Tensor *h0, Rng *noise);

/* h0 from the top down, given the top layer [n, width]: itself with one layer, else a draw of
 * p(h0|h1), or its mean when noise is NULL. */
Tensor *vae_descend(const Vae *vae, Tensor *top, Rng *noise);

/* The top layer's posterior mean [n, width], through the means below; with a flow f(the mean). */
Tensor *vae_top_mean(const Vae *vae, Tensor *x);

/* In the other files of the chapter. */
void vae_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void vae_figures(Model *model, const Task *task);
extern const FamilyCommand vae_commands[];
extern const OptionSpec vae_eval_options[];

#endif
