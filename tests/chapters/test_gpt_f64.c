/* The transformer in double: what it sees and does not see, probabilities that add up to 1, its own
 * samples against its own entropies, the gradient, hidden tokens. */
#include "chapters/small_gpt.h"

#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_look.h"
#include "train/measure.h"

#include <math.h>

static const char TEXT[] = "abcabbcaacbbabcacbacbbacbabcbcacabbcabca";
static const char LINES[] = "ab\nabc\nca\nbca\nccab\n";

#define TINY " --layers 2 --width 8 --heads 2 --dropout 0 "

static double gap(const real *a, const real *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* ---------------------------------------------------------------- causality */

static void future_is_hidden(const char *words)
{
    enum { N = 6 };
    SmallGpt g = small_gpt(TEXT, false, words);
    int token[N] = {0, 2, 1, 1, 0, 2};
    small_gpt_shake(&g, 0.5);
    GptLook look = gpt_look(g.gpt, g.tape, token, N);
    size_t v = 3;
    real before[N * 3];
    memcpy(before, look.logits->value, sizeof before);
    for (int t = 1; t < N; t++) {
        int other[N];
        memcpy(other, token, sizeof other);
        other[t] = (token[t] + 1) % 3;
        look = gpt_look(g.gpt, g.tape, other, N);
        CU_ASSERT(gap(before, look.logits->value, (size_t)t * v) == 0);
        CU_ASSERT(gap(before + (size_t)t * v, look.logits->value + (size_t)t * v, v) > 1e-6);
    }
    small_gpt_free(&g);
}

static void test_future(void)
{
    future_is_hidden("--context 6" TINY);
    future_is_hidden("--context 6 --positions learned --tied" TINY);
}

/* An encoder sees both sides. */
static void test_encoder_sees(void)
{
    SmallGpt g = small_gpt(TEXT, false, "--context 6 --objective masked" TINY);
    int token[6] = {0, 2, 1, 1, 0, 2};
    small_gpt_shake(&g, 0.5);
    real before = gpt_look(g.gpt, g.tape, token, 6).logits->value[0];
    token[5] = 1;
    real after = gpt_look(g.gpt, g.tape, token, 6).logits->value[0];
    CU_ASSERT(fabs((double)(before - after)) > 1e-6);
    small_gpt_free(&g);
}

/* Pixel j of row t moves no conditional before it in reading order. */
static void test_pixels(void)
{
    SmallGpt g = small_gpt_of(dataset_load("bars-3"), "--row-hidden 12,9 --context 3" TINY);
    enum { SIDE = 3, PIXELS = 9 };
    const real bits[PIXELS] = {1, 0, 1, 1, 1, 0, 0, 1, 1};
    real before[PIXELS];
    int moved = 0;
    small_gpt_shake(&g, 0.5);
    for (int changed = -1; changed < PIXELS; changed++) {
        tape_reset(g.tape);
        model_bind(&g.gpt->model, g.tape);
        Tensor *x = tensor_from(g.tape, 2, (int[]){1, PIXELS}, bits);
        if (changed >= 0)
            x->value[changed] = 1 - x->value[changed];
        Tensor *h = tensor_reshape(gpt_rows_hidden(g.gpt, x, NULL), 2, (int[]){SIDE, -1});
        Tensor *logits = gpt_row_logits(g.gpt, tensor_reshape(x, 2, (int[]){SIDE, SIDE}), h);
        if (changed < 0) {
            memcpy(before, logits->value, sizeof before);
            continue;
        }
        CU_ASSERT(gap(before, logits->value, (size_t)changed + 1) == 0);
        size_t behind = (size_t)(PIXELS - 1 - changed);
        moved += gap(before + changed + 1, logits->value + changed + 1, behind) > 1e-6;
    }
    CU_ASSERT_EQUAL(moved, PIXELS - 1);
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- probabilities */

/* All strings of 4 symbols of 3, behind a given one. */
static void sum_of_strings(const char *words)
{
    enum { LENGTH = 4, STRINGS = 81 };
    SmallGpt g = small_gpt(TEXT, false, words);
    small_gpt_shake(&g, 0.4);
    Tensor *x = tensor_new_matrix(g.tape, STRINGS, LENGTH + 1);
    for (int s = 0; s < STRINGS; s++) {
        x->value[s * (LENGTH + 1)] = 1;
        for (int t = 0, rest = s; t < LENGTH; t++, rest /= 3)
            x->value[s * (LENGTH + 1) + t + 1] = (real)(rest % 3);
    }
    GptBatch batch = gpt_batch_next(x);
    Tensor *nats = gpt_neg_log_prob(g.gpt, &batch, NULL);
    double log_prob[STRINGS] = {0}, sum = 0;
    CU_ASSERT_EQUAL_FATAL(batch.count, STRINGS * LENGTH);
    for (int k = 0; k < batch.count; k++)
        log_prob[batch.at[k] / LENGTH] -= (double)nats->value[k];
    for (int s = 0; s < STRINGS; s++)
        sum += exp(log_prob[s]);
    CU_ASSERT(fabs(sum - 1) < 1e-12);
    small_gpt_free(&g);
}

static void test_strings(void)
{
    sum_of_strings("--context 4" TINY);
    sum_of_strings("--context 4 --positions learned" TINY);
    sum_of_strings("--context 4 --tied" TINY);
}

static void test_images(void)
{
    enum { PIXELS = 9, IMAGES = 512 };
    SmallGpt g = small_gpt_of(dataset_load("bars-3"), "--row-hidden 10" TINY);
    double sum = 0;
    small_gpt_shake(&g, 0.5);
    Tensor *x = tensor_new_matrix(g.tape, IMAGES, PIXELS);
    for (int i = 0; i < IMAGES; i++)
        for (int d = 0; d < PIXELS; d++)
            x->value[i * PIXELS + d] = (real)(i >> d & 1);
    const Tensor *log_prob = gpt_rows_log_prob(g.gpt, x, NULL);
    for (int i = 0; i < IMAGES; i++)
        sum += exp((double)log_prob->value[i]);
    CU_ASSERT(fabs(sum - 1) < 1e-12);
    small_gpt_free(&g);
}

/* Without weights every symbol is alike: the perplexity is the vocabulary. */
static void test_uniform(void)
{
    SmallGpt g = small_gpt(TEXT, false, "--context 8" TINY);
    memset(g.gpt->out.weight->value, 0, g.gpt->out.weight->size * sizeof(real));
    Tensor *x = tensor_new_matrix(g.tape, 2, 9);
    dataset_fetch_range(g.data, SPLIT_TEST, 0, 2, NULL, x->value, NULL, NULL);
    GptBatch batch = gpt_batch_next(x);
    double nats = tensor_mean_value(gpt_neg_log_prob(g.gpt, &batch, NULL));
    CU_ASSERT(fabs(exp(nats) - 3) < 1e-12);
    small_gpt_free(&g);
}

/* E[-log p(x)] over the model's own samples is E[sum_t H(x_t | x_<t)]. The two differ by a mean of
 * 2,000 independent terms of mean 0: five of its standard errors fail once in 1.7e6 seeds. */
static void test_own_samples(void)
{
    enum { SEQUENCES = 2000, LENGTH = 5 };
    SmallGpt g = small_gpt(TEXT, false, "--context 6" TINY);
    small_gpt_shake(&g, 0.6);
    GptWriter *writer = gpt_writer_create(g.gpt, SEQUENCES, false);
    GptWish wish = {.cut = {1, 0, 1}, .length = LENGTH, .option = ""};
    uint16_t *token = memory_new(SEQUENCES * (LENGTH + 1), sizeof *token), prompt = 0;
    long *n = memory_new(SEQUENCES, sizeof *n);
    Rng *stream = memory_new(SEQUENCES, sizeof *stream);
    for (uint64_t s = 0; s < SEQUENCES; s++)
        stream[s] = rng_at(rng_stream(4, "own samples"), s);
    gpt_write(writer, &wish, stream, &prompt, 1, token, n);
    free(stream);
    double mean = 0, square = 0, entropy = 0;
    for (int s = 0; s < SEQUENCES; s++) {
        int seen[LENGTH + 1];
        double difference = 0, p[3];
        for (int t = 0; t <= LENGTH; t++)
            seen[t] = token[s * (LENGTH + 1) + t];
        GptLook look = gpt_look(g.gpt, g.tape, seen, LENGTH + 1);
        for (int t = 0; t < LENGTH; t++) {
            categorical_cut(look.logits->value + 3 * t, 3, (CategoricalCut){1, 0, 1}, p);
            difference += -log(p[seen[t + 1]]) - categorical_entropy(p, 3);
            entropy += categorical_entropy(p, 3) / SEQUENCES;
        }
        mean += difference / SEQUENCES;
        square += difference * difference / SEQUENCES;
    }
    CU_ASSERT(fabs(mean) < 5 * sqrt(square / SEQUENCES));
    CU_ASSERT(square > 0.01 && entropy < LENGTH * log(3) - 0.05);
    gpt_writer_free(writer);
    free(n);
    free(token);
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- lines */

/* Padding is neither predicted nor seen: a line's probability is what it has alone. */
static void padding(const char *words, GptObjective objective)
{
    SmallGpt g = small_gpt(LINES, true, words);
    Tensor *x = tensor_new_matrix(g.tape, 5, g.data->dims);
    CU_ASSERT_EQUAL(g.data->dims, 6); /* "ccab\n" behind its '\n' */
    small_gpt_shake(&g, 0.4);
    dataset_fetch_range(g.data, SPLIT_TRAIN, 0, 5, NULL, x->value, NULL, NULL);
    GptBatch all = gpt_batch_next(x);
    CU_ASSERT_EQUAL(all.count, 3 + 4 + 3 + 4 + 5);
    if (objective == GPT_MASKED) {
        Rng noise = rng_stream(3, "masked");
        all = gpt_batch_masked(g.gpt, x, &noise);
        CU_ASSERT(all.count >= 5); /* of every line at least one */
    }
    const Tensor *together = gpt_neg_log_prob(g.gpt, &all, NULL);
    for (int k = 0, line = 0; line < 5; line++) {
        int length = 0;
        while (length < 5 && x->value[line * 6 + length + 1] >= 0)
            length++;
        GptBatch one = {.batch = 1, .positions = length, .seen = all.seen + line * 5};
        int at[5], wanted[5];
        one.at = at;
        one.wanted = wanted;
        for (; k < all.count && all.at[k] / 5 == line; k++) {
            at[one.count] = all.at[k] % 5;
            wanted[one.count++] = all.wanted[k];
        }
        CU_ASSERT_FATAL(one.count > 0);
        const Tensor *alone = gpt_neg_log_prob(g.gpt, &one, NULL);
        CU_ASSERT(gap(alone->value, together->value + k - one.count, (size_t)one.count) < 1e-12);
    }
    small_gpt_free(&g);
}

/* Shorter lines fill fewer positions, and are as likely as beside a longer one. */
static void test_short_lines(void)
{
    enum { SHORT = 4 };
    SmallGpt g = small_gpt(LINES, true, TINY);
    small_gpt_shake(&g, 0.4);
    Tensor *x = tensor_new_matrix(g.tape, SHORT + 1, g.data->dims);
    Tensor *some = tensor_new_matrix(g.tape, SHORT, g.data->dims);
    dataset_fetch_range(g.data, SPLIT_TRAIN, 0, SHORT + 1, NULL, x->value, NULL, NULL);
    memcpy(some->value, x->value, some->size * sizeof(real));
    GptBatch all = gpt_batch_next(x), few = gpt_batch_next(some);
    CU_ASSERT_EQUAL(all.positions, 5);
    CU_ASSERT_EQUAL_FATAL(few.positions, 4);
    CU_ASSERT_EQUAL_FATAL(few.count, all.count - 5);
    for (int k = 0; k < few.count; k++) {
        CU_ASSERT(few.at[k] / 4 == all.at[k] / 5 && few.at[k] % 4 == all.at[k] % 5);
        CU_ASSERT(few.wanted[k] == all.wanted[k] && few.seen[few.at[k]] == all.seen[all.at[k]]);
    }
    const Tensor *beside = gpt_neg_log_prob(g.gpt, &all, NULL);
    const Tensor *alone = gpt_neg_log_prob(g.gpt, &few, NULL);
    CU_ASSERT(gap(alone->value, beside->value, (size_t)few.count) < 1e-12);
    CU_ASSERT_EQUAL(gpt_batch_whole(some).positions, 4);
    small_gpt_free(&g);
}

static void test_padding(void)
{
    padding(TINY, GPT_NEXT);
    padding("--objective masked" TINY, GPT_MASKED);
}

/* ---------------------------------------------------------------- hidden tokens */

/* 15 % are guessed, of which 80 % are hidden and 10 % are any token; the answers are the true
 * tokens. 40,000 tokens: five standard deviations of each share fail once in 1.7e6 seeds. */
static void test_hidden(void)
{
    enum { ROWS = 5000, WIDTH = 8 };
    SmallGpt g = small_gpt(TEXT, false, "--context 8 --objective masked" TINY);
    Tensor *x = tensor_new_matrix(g.tape, ROWS, WIDTH + 1);
    Rng noise = rng_stream(2, "hidden");
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = (real)rng_below(&noise, 3);
    GptBatch b = gpt_batch_masked(g.gpt, x, &noise);
    double hidden = 0, same = 0, n = b.count, forced = 0;
    int last = -1;
    for (int k = 0; k < b.count; k++) {
        int row = b.at[k] / WIDTH, t = b.at[k] % WIDTH, seen = b.seen[b.at[k]];
        CU_ASSERT(b.wanted[k] == (int)x->value[row * (WIDTH + 1) + t + 1]);
        CU_ASSERT(b.at[k] > last);
        last = b.at[k];
        hidden += seen == 3;
        same += seen == b.wanted[k];
    }
    for (int row = 0, k = 0; row < ROWS; row++) /* rows that chance left without any get one */
        for (int t = 0; t < WIDTH; t++)
            if (k < b.count && b.at[k] == row * WIDTH + t)
                k++;
            else
                CU_ASSERT(b.seen[row * WIDTH + t] == (int)x->value[row * (WIDTH + 1) + t + 1]);
    forced = ROWS * pow(0.85, WIDTH);
    double all = ROWS * WIDTH, expected = 0.15 * all + forced;
    CU_ASSERT(fabs(n - expected) < 5 * sqrt(all * 0.15 * 0.85 + forced));
    CU_ASSERT(fabs(hidden / n - 0.8) < 5 * sqrt(0.8 * 0.2 / n));
    CU_ASSERT(fabs(same / n - (0.1 + 0.1 / 3)) < 5 * sqrt(0.133 * 0.867 / n));
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- the gradient */

static double loss_now(SmallGpt *g, bool backward)
{
    tape_reset(g->tape);
    model_bind(&g->gpt->model, g->tape);
    int rows = 3;
    Tensor *x = tensor_new_matrix(g->tape, rows, g->data->dims), *loss;
    Rng rng = rng_stream(1, "gradient"), noise = rng_stream(5, "gradient");
    dataset_fetch_range(g->data, SPLIT_TRAIN, 1, (size_t)rows, &rng, x->value, NULL, NULL);
    if (g->gpt->tokens == NULL) {
        loss = tensor_neg(tensor_mean(gpt_rows_log_prob(g->gpt, x, &noise)));
    } else {
        GptBatch batch =
            g->gpt->objective == GPT_NEXT ? gpt_batch_next(x) : gpt_batch_masked(g->gpt, x, &noise);
        loss = tensor_mean(gpt_neg_log_prob(g->gpt, &batch, &noise));
    }
    if (backward)
        tape_backward(loss);
    return (double)tensor_item(loss);
}

/* Along a random direction of all weights: (L(w + h d) - L(w - h d)) / 2h = gradient . d. */
static void check_gradient(SmallGpt g)
{
    const double h = 1e-5;
    Params *params = g.gpt->model.part[0].params;
    Rng rng = rng_stream(7, "direction");
    double along = 0, side[2];
    small_gpt_shake(&g, 0.3);
    loss_now(&g, true);
    real **direction = memory_new((size_t)params->count, sizeof *direction);
    for (int i = 0; i < params->count; i++) {
        Tensor *w = params->tensor[i];
        direction[i] = memory_new(w->size, sizeof(real));
        rng_normal(&rng, direction[i], w->size);
        for (size_t j = 0; j < w->size; j++) {
            if (w->value[j] == 0) /* masked */
                direction[i][j] = 0;
            along += w->has_grad ? (double)w->grad[j] * (double)direction[i][j] : 0;
        }
    }
    for (int s = 0; s < 2; s++) {
        double step = s == 0 ? h : -2 * h;
        for (int i = 0; i < params->count; i++)
            for (size_t j = 0; j < params->tensor[i]->size; j++)
                params->tensor[i]->value[j] += (real)step * direction[i][j];
        params_touch(params);
        side[s] = loss_now(&g, false);
    }
    CU_ASSERT(fabs((side[0] - side[1]) / (2 * h) - along) < 1e-7 * (1 + fabs(along)));
    CU_ASSERT(fabs(along) > 1e-3);
    for (int i = 0; i < params->count; i++)
        free(direction[i]);
    free(direction);
    small_gpt_free(&g);
}

static void test_gradient(void)
{
    check_gradient(small_gpt(TEXT, false, "--context 6 --layers 2 --width 8 --heads 2"));
    check_gradient(small_gpt(TEXT, false, "--context 6 --positions learned --tied" TINY));
    check_gradient(small_gpt(LINES, true, "--objective masked" TINY));
    check_gradient(small_gpt_of(dataset_load("bars-3"), "--row-hidden 10,10" TINY));
}

/* ---------------------------------------------------------------- pseudo-likelihood */

/* The encoder's pseudo-likelihood of a text of nine windows with so many tokens hidden. */
static double pseudo_mean(const SmallGpt *g, const char *hidden, int seed)
{
    Run run = {.family = &gpt_family, .model = &g->gpt->model, .data = g->data};
    Options *options = measure_defaults(&gpt_family, false);
    char number[16];
    snprintf(number, sizeof number, "%d", seed);
    options_put(options, "hidden", hidden, "the test");
    options_put(options, "eval-seed", number, "the test");
    const int n = (int)g->data->count[SPLIT_TEST];
    LikelihoodReport report = measure_likelihoods(&run, g->data, SPLIT_TEST, n, options, true);
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += report.likelihood[0].log_prob[i];
    likelihood_report_clear(&report);
    options_free(options);
    return sum / n;
}

/* With some tokens hidden the estimate scatters about the value with all hidden; with more than
 * there are it is that value. */
static void test_pseudo(void)
{
    enum { SEEDS = 300 };
    SmallGpt g = small_gpt(TEXT, false, "--context 7 --objective masked" TINY);
    small_gpt_shake(&g, 0.5);
    const double all = pseudo_mean(&g, "0", 1);
    double sum = 0, square = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        double estimate = pseudo_mean(&g, "3", seed);
        sum += estimate - all;
        square += (estimate - all) * (estimate - all);
    }
    const double se = sqrt(square) / SEEDS;
    CU_ASSERT(se > 1e-4 && se < 0.01 * fabs(all));
    CU_ASSERT(fabs(sum / SEEDS) < 4 * se);
    CU_ASSERT_EQUAL(pseudo_mean(&g, "7", 1), all);
    CU_ASSERT_EQUAL(pseudo_mean(&g, "99", 2), all);
    small_gpt_free(&g);
}

const Suite suite = {"chapters/transformer",
                     {{"the future is hidden", test_future},
                      {"an encoder sees both sides", test_encoder_sees},
                      {"a pixel moves no conditional before it", test_pixels},
                      {"probabilities of all strings add up to 1", test_strings},
                      {"probabilities of all images add up to 1", test_images},
                      {"the uniform model's perplexity", test_uniform},
                      {"own samples cost their entropies", test_own_samples},
                      {"lines of unequal length", test_padding},
                      {"lines that are all short", test_short_lines},
                      {"hidden tokens", test_hidden},
                      {"some tokens hidden for all", test_pseudo},
                      {"gradient along a direction", test_gradient},
                      {NULL, NULL}}};
