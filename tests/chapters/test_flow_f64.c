/* Flows in double: densities that are known exactly, and that add up to one. */
#include "chapters/small_flow.h"

#include <gsl/gsl_math.h>
#include <math.h>

/* A fresh flow is its units: on points a Gaussian with the data's mean and spread. */
static void test_known_affine(void)
{
    enum { N = 7 };
    SmallFlow f = small_flow("8gaussians", "--network coupling --layers 1 --hidden 4");
    Tensor *x = tensor_new_matrix(f.tape, N, 2);
    dataset_fetch_range(f.data, SPLIT_TEST, 0, N, NULL, x->value, NULL, NULL);
    const Tensor *p = flow_density(f.model, x).log_prob;
    for (int i = 0; i < N; i++) {
        double want = 0;
        for (int d = 0; d < 2; d++) {
            double s = f.model->units.scale->value[d];
            double z = (x->value[2 * i + d] - f.model->units.center->value[d]) / s;
            want -= 0.5 * z * z + log(s) + 0.5 * log(2 * M_PI);
        }
        CU_ASSERT(fabs(p->value[i] - want) < 1e-10);
    }
    small_flow_free(&f);
}

/* Mixture data moved by a known affine map have the mixture's density at the way back, less the
 * map's log-determinant: as a flow of two known layers says. */
static void test_pushed_mixture(void)
{
    enum { N = 9 };
    SmallFlow f = small_flow("8gaussians", "--network coupling --layers 1 --hidden 4");
    Params *params = params_create();
    Flow map = {.layers = 0};
    Rng rng = rng_stream(4, "map");
    flow_add(&map, flow_linear(params, "linear", 2, 2, &rng));
    flow_add(&map, flow_actnorm(params, "norm", 2, 2));
    params_find(params, "linear.log_size")->value[0] = 0.7;
    params_find(params, "norm.shift")->value[1] = -2;
    params_find(params, "norm.log_scale")->value[0] = -0.4;
    params_bind(params, f.tape);
    Tensor *x = tensor_new_matrix(f.tape, N, 2);
    dataset_fetch_range(f.data, SPLIT_TEST, 0, N, NULL, x->value, NULL, NULL);
    FlowResult y = flow_forward(&map, x);
    FlowResult back = flow_inverse(&map, y.value);
    for (int i = 0; i < N; i++) {
        double there[2] = {x->value[2 * i], x->value[2 * i + 1]};
        double again[2] = {back.value->value[2 * i], back.value->value[2 * i + 1]};
        double pushed = f.data->log_density(f.data, there) - y.log_det->value[i];
        double pulled = f.data->log_density(f.data, again) + back.log_det->value[i];
        CU_ASSERT(fabs(pushed - pulled) < 1e-9);
        CU_ASSERT(fabs(y.log_det->value[i] -
                       (0.7 - 0.4 + params_find(params, "linear.log_size")->value[1])) < 1e-12);
    }
    flow_free(&map);
    params_free(params);
    small_flow_free(&f);
}

static double integral_on_plane(SmallFlow *f, double reach, int cells)
{
    double sum = 0, cell = 4 * reach * reach / cells / cells;
    for (int r = 0; r < cells; r++) {
        tape_reset(f->tape);
        params_bind(f->model->model.part[0].params, f->tape);
        Tensor *x = tensor_new_matrix(f->tape, cells, 2);
        for (int c = 0; c < cells; c++) {
            x->value[2 * c] = reach * ((2 * c + 1.0) / cells - 1);
            x->value[2 * c + 1] = reach * ((2 * r + 1.0) / cells - 1);
        }
        const Tensor *p = flow_density(f->model, x).log_prob;
        for (int c = 0; c < cells; c++)
            sum += exp(p->value[c]) * cell;
    }
    return sum;
}

/* Briefly trained flows of each kind: the density adds up to one, and the way back is the way back.
 */
static void test_plane(void)
{
    static const char *const words[] = {
        "--network coupling --map spline --layers 2 --hidden 8",
        "--network coupling --map affine --layers 3 --hidden 8",
        "--network autoregressive --map spline --layers 2 --hidden 8",
        "--network planar --layers 6", "--network continuous --hidden 8 --ode-steps 12"};
    for (int w = 0; w < 5; w++) {
        SmallFlow f = small_flow("moons", words[w]);
        small_flow_train(&f, 60, 1e-2);
        CU_ASSERT(fabs(integral_on_plane(&f, 16, w == 4 ? 150 : 500) - 1) < 1e-3);
        FlowLoss loss[FLOW_MOST_LAYERS], whole;
        Tensor *x = tensor_new_matrix(f.tape, 50, 2);
        dataset_fetch_range(f.data, SPLIT_TEST, 0, 50, NULL, x->value, NULL, NULL);
        flow_round_trip(&f.model->flow, flow_units_forward(&f.model->units, x).value, loss, &whole);
        CU_ASSERT(whole.finite && whole.largest < (w == 4 ? 1e-3 : 1e-8));
        small_flow_free(&f);
    }
}

/* Over the sphere by area, with midpoints in height and longitude. */
static void test_sphere(void)
{
    enum { CELLS = 300 };
    SmallFlow f = small_flow("sphere-mixture", "--layers 3 --hidden 8");
    CU_ASSERT_EQUAL(f.model->latent, LATENT_SPHERE);
    small_flow_train(&f, 60, 1e-2);
    double sum = 0, cell = 4 * M_PI / CELLS / CELLS, far = 0;
    for (int r = 0; r < CELLS; r++) {
        double h = (2 * r + 1.0) / CELLS - 1, radius = sqrt(1 - h * h);
        tape_reset(f.tape);
        params_bind(f.model->model.part[0].params, f.tape);
        Tensor *x = tensor_new_matrix(f.tape, CELLS, 3);
        for (int c = 0; c < CELLS; c++) {
            double a = 2 * M_PI * (c + 0.5) / CELLS;
            x->value[3 * c] = radius * cos(a);
            x->value[3 * c + 1] = radius * sin(a);
            x->value[3 * c + 2] = h;
        }
        const Tensor *p = flow_density(f.model, x).log_prob;
        for (int c = 0; c < CELLS; c++) {
            sum += exp(p->value[c]) * cell;
            far = fmax(far, fabs(p->value[c] + log(4 * M_PI)));
        }
    }
    CU_ASSERT(fabs(sum - 1) < 1e-3);
    CU_ASSERT(far > 1); /* it has learned something */
    small_flow_free(&f);
}

/* The mixture on the sphere and the land's area add up to one too, and the draws follow them. */
static void test_sphere_sets(void)
{
    enum { CELLS = 600, N = 20000 };
    Dataset *mixture = dataset_load("sphere-mixture"), *earth = dataset_load("sphere-earth");
    double one = 0, land = 0, cell = 4 * M_PI / CELLS / CELLS, entropy = 0;
    for (int r = 0; r < CELLS; r++)
        for (int c = 0; c < CELLS; c++) {
            double h = (2 * r + 1.0) / CELLS - 1, a = 2 * M_PI * (c + 0.5) / CELLS - M_PI;
            double x[3] = {sqrt(1 - h * h) * cos(a), sqrt(1 - h * h) * sin(a), h};
            double log_p = mixture->log_density(mixture, x);
            one += exp(log_p) * cell;
            entropy -= exp(log_p) * log_p * cell;
            land += exp(earth->log_density(earth, x)) * cell;
        }
    CU_ASSERT(fabs(one - 1) < 1e-4);
    CU_ASSERT(fabs(land - 1) < 5e-3); /* coasts run through cells */
    CU_ASSERT(fabs(entropy - mixture->entropy) < 1e-4);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) { /* the mean of -log p of draws is the entropy: 4 s.e. */
        double x[3];
        Rng rng = rng_at(rng_stream(3, "draws"), (uint64_t)i);
        mixture->draw(mixture, &rng, x);
        double v = -mixture->log_density(mixture, x);
        sum += v / N;
        square += v * v / N;
        CU_ASSERT(fabs(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] - 1) < 1e-12);
    }
    CU_ASSERT(fabs(sum - entropy) < 4 * sqrt((square - sum * sum) / N));
    dataset_free(mixture);
    dataset_free(earth);
}

/* The weights of a flow's own draws average to the target's factor: log Z, within 4 s.e. The slope
 * that training follows is that of the mean over the same draws. */
static void test_reverse(void)
{
    enum { N = 20000 };
    SmallFlow f =
        small_flow("8gaussians", "--objective reverse --network coupling --layers 2 --hidden 8");
    small_flow_train(&f, 40, 1e-2);
    Rng noise = rng_stream(6, "draws");
    FlowDraws d = flow_draws(f.model, f.data, f.tape, N, &noise);
    LogMean mean = {0};
    for (int i = 0; i < N; i++)
        log_mean_add(&mean, d.log_target[i] - d.log_q->value[i]);
    CU_ASSERT(fabs(log_mean_value(&mean) - log(FLOW_TARGET_FACTOR)) < 4 * log_mean_se(&mean));

    /* The same x has the same density on the way in. */
    const Tensor *p = flow_density(f.model, tensor_slice(d.x, 0, 0, 20)).log_prob;
    for (int i = 0; i < 20; i++)
        CU_ASSERT(fabs(p->value[i] - d.log_q->value[i]) < 1e-8);
    small_flow_free(&f);
}

static double reverse_mean(SmallFlow *f)
{
    Rng noise = rng_stream(7, "draws");
    tape_reset(f->tape);
    params_bind(f->model->model.part[0].params, f->tape);
    FlowDraws d = flow_draws(f->model, f->data, f->tape, 50, &noise);
    double sum = 0;
    for (int i = 0; i < 50; i++)
        sum += (d.log_q->value[i] - d.log_target[i]) / 50;
    return sum;
}

static void test_reverse_gradient(void)
{
    const double step = 1e-5;
    SmallFlow f =
        small_flow("circles", "--objective reverse --network coupling --layers 2 --hidden 5");
    small_flow_train(&f, 10, 1e-2);
    Params *params = f.model->model.part[0].params;
    Rng noise = rng_stream(7, "draws");
    tape_record(f.tape, true);
    FlowDraws d = flow_draws(f.model, f.data, f.tape, 50, &noise);
    tape_backward(flow_reverse_loss(&d, f.data));
    tape_record(f.tape, false);
    for (int k = 0; k < params->count; k++) {
        Tensor *w = params->tensor[k];
        if (!params->trained[k] || !w->has_grad)
            continue;
        double gradient = w->grad[w->size / 2];
        real kept = w->value[w->size / 2];
        w->value[w->size / 2] = kept + step;
        params_touch(params);
        double up = reverse_mean(&f);
        w->value[w->size / 2] = kept - step;
        params_touch(params);
        double down = reverse_mean(&f);
        w->value[w->size / 2] = kept;
        params_touch(params);
        double slope = (up - down) / (2 * step);
        CU_ASSERT(fabs(slope - gradient) < 1e-4 * fmax(1, fabs(slope)));
        /* the gradients live on the tape that was reset: once is enough */
        tape_record(f.tape, true);
        tape_reset(f.tape);
        params_bind(params, f.tape);
        noise = rng_stream(7, "draws");
        d = flow_draws(f.model, f.data, f.tape, 50, &noise);
        tape_backward(flow_reverse_loss(&d, f.data));
        tape_record(f.tape, false);
    }
    small_flow_free(&f);
}

static double mean_log_prob(SmallFlow *f)
{
    enum { N = 200 };
    double sum = 0;
    tape_reset(f->tape);
    params_bind(f->model->model.part[0].params, f->tape);
    Tensor *x = tensor_new_matrix(f->tape, N, 2);
    dataset_fetch_range(f->data, SPLIT_TEST, 0, N, NULL, x->value, NULL, NULL);
    const Tensor *p = flow_density(f->model, x).log_prob;
    for (int i = 0; i < N; i++)
        sum += p->value[i] / N;
    return sum;
}

/* The matched field carries data to the latent: the density of test points by its ODE rises well
 * above that of no field. Turned round in sign or time it would fall. */
static void test_matching_density(void)
{
    SmallFlow f = small_flow(
        "8gaussians", "--network continuous --objective matching --hidden 32,32 --ode-steps 12");
    double before = mean_log_prob(&f);
    small_flow_train(&f, 600, 5e-3);
    CU_ASSERT(mean_log_prob(&f) > before + 0.3);
    small_flow_free(&f);
}

/* Where the field is 0 the matching loss is E|noise - x|^2 / d = 2 of scaled data: 4 s.e. */
static void test_matching(void)
{
    enum { N = 20000 };
    SmallFlow f =
        small_flow("moons", "--network continuous --objective matching --hidden 4 --ode-steps 4");
    Tensor *x = tensor_new_matrix(f.tape, N, 2);
    Rng noise = rng_stream(1, "matching");
    dataset_fetch_range(f.data, SPLIT_TRAIN, 0, N, NULL, x->value, NULL, NULL);
    const Tensor *loss = flow_matching_loss(f.model, x, &noise);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        sum += loss->value[i] / N;
        square += loss->value[i] * loss->value[i] / N;
    }
    CU_ASSERT(fabs(sum - 2) < 4 * sqrt((square - sum * sum) / N) + 0.02);
    small_flow_free(&f);
}

const Suite suite = {"chapters/flow",
                     {{"a fresh flow is its units", test_known_affine},
                      {"a mixture through a known map", test_pushed_mixture},
                      {"densities on the plane", test_plane},
                      {"densities on the sphere", test_sphere},
                      {"sets on the sphere", test_sphere_sets},
                      {"reverse KL: log Z", test_reverse},
                      {"reverse KL: gradient", test_reverse_gradient},
                      {"matching", test_matching},
                      {"matching: density", test_matching_density},
                      {NULL, NULL}}};
