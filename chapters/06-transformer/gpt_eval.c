/* Evaluation: exact log-probabilities of windows, lines and images; an encoder's
 * pseudo-likelihood; nats a token and a byte; how far from the best possible; right answers. */
#include "06-transformer/gpt_points.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/progress.h"

#include <math.h>
#include <stdlib.h>

const OptionSpec gpt_eval_options[] = {
    {"hidden", OPTION_INT, "0", "N",
     "encoder: tokens of each text that are hidden one at a time, drawn; 0: all", 0, 1e9, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};
const OptionValue gpt_quick_eval[] = {{"hidden", "4"}, {NULL, NULL}};

enum { TOKENS_AT_ONCE = 8192, IMAGES_AT_ONCE = 200 };

/* ---------------------------------------------------------------- images */

static void evaluate_images(Gpt *gpt, const Task *task, LikelihoodReport *report)
{
    Likelihood *exact = likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    Progress progress = progress_start("evaluate", "images", 0, task->examples, task->quiet);
    for (int first = 0; first < task->examples; first += IMAGES_AT_ONCE) {
        int left = task->examples - first, rows = left < IMAGES_AT_ONCE ? left : IMAGES_AT_ONCE;
        tape_reset(task->tape);
        model_bind(&gpt->model, task->tape);
        tape_record(task->tape, false);
        Tensor *x = tensor_new_matrix(task->tape, rows, task->data->dims);
        Rng rng = rng_at(rng_stream(1, "evaluation examples"), (uint64_t)first);
        dataset_fetch(task->data, task->split, task->index + first, (size_t)rows, &rng, x->value,
                      NULL, NULL);
        Tensor *log_prob = gpt_rows_log_prob(gpt, x, NULL);
        for (int i = 0; i < rows; i++)
            exact->log_prob[first + i] = (double)log_prob->value[i];
        progress_show(&progress, first + rows, "");
    }
    progress_end(&progress, "");
}

/* ---------------------------------------------------------------- texts */

static Tensor *fetch(const Gpt *gpt, const Task *task, int first, int rows)
{
    tape_reset(task->tape);
    model_bind((Model *)&gpt->model, task->tape);
    tape_record(task->tape, false);
    Tensor *x = tensor_new_matrix(task->tape, rows, task->data->dims);
    dataset_fetch(task->data, task->split, task->index + first, (size_t)rows, NULL, x->value, NULL,
                  NULL);
    return x;
}

/* Whether each answer, the tokens behind `after`, is what the network would say itself, token by
 * token: its greedy answer is right if and only if it agrees at every one. right [batch]: -1 where
 * there is no answer. */
static void judge_answers(const Gpt *gpt, const GptBatch *batch, const Tensor *logits, int after,
                          double *right)
{
    int k = 0;
    for (int i = 0; i < batch->batch; i++) {
        bool answer = false;
        right[i] = -1;
        for (; k < batch->count && batch->at[k] / batch->positions == i; k++) {
            answer = answer || batch->seen[batch->at[k]] == after;
            if (!answer)
                continue;
            const real *row = logits->value + (size_t)k * (size_t)gpt->vocabulary;
            bool best = true;
            for (int v = 0; v < gpt->vocabulary; v++)
                best = best && row[v] <= row[batch->wanted[k]];
            right[i] = best && right[i] != 0 ? 1 : 0;
        }
    }
}

/* log p of examples first .. first + rows - 1, each token from those before it. */
static void judge_decoder(const Gpt *gpt, const Task *task, int first, int rows, double *log_prob,
                          double *right)
{
    Tensor *x = fetch(gpt, task, first, rows);
    GptBatch batch = gpt_batch_next(x);
    Tensor *h = gpt_hidden(gpt, &batch, NULL, NULL);
    h = tensor_gather(tensor_reshape(h, 2, (int[]){-1, gpt->width}), batch.at, batch.count);
    Tensor *logits = gpt_logits(gpt, h), *nats = tensor_cross_entropy(logits, batch.wanted);
    for (int k = 0; k < batch.count; k++)
        log_prob[first + batch.at[k] / batch.positions] -= (double)nats->value[k];
    char after = task->data->text->answer_after;
    if (after != 0)
        judge_answers(gpt, &batch, logits, tokens_find(gpt->tokens, after), right + first);
}

/* Token i of `hidden` out of n, each as likely as any other: one from each of so many equal parts,
 * or, where all are hidden, the i-th. */
static int hidden_token(int i, int hidden, int n, Rng *noise)
{
    if (hidden == n)
        return i;
    return (int)((i + rng_uniform_one(noise)) * n / hidden);
}

/* sum_t log p(x_t | all others), each token hidden in turn: no likelihood of x, since the
 * conditionals need not belong to one distribution. Where fewer than all are hidden, an estimate
 * without bias. Source: Besag (1975), "Statistical analysis of non-lattice data"; Wang & Cho
 * (2019), arXiv:1902.04094, sec. 2. */
static double pseudo_log_prob(const Gpt *gpt, const Task *task, int example, Rng *noise)
{
    const int n = text_predicted(task->data, task->split, task->index[example]);
    const long most = options_int(task->options, "hidden");
    const int hidden = most == 0 || most > n ? n : (int)most;
    int at_once = TOKENS_AT_ONCE / gpt->context > 1 ? TOKENS_AT_ONCE / gpt->context : 1;
    double sum = 0;
    for (int first = 0; first < hidden; first += at_once) {
        int rows = hidden - first < at_once ? hidden - first : at_once;
        Tensor *one = fetch(gpt, task, example, 1);
        GptBatch batch = gpt_batch_whole(tensor_repeat_rows(one, rows));
        for (int t = 0; t < rows; t++)
            gpt_batch_hide(gpt, &batch,
                           t * batch.positions + hidden_token(first + t, hidden, n, noise));
        Tensor *nats = gpt_neg_log_prob(gpt, &batch, NULL);
        for (int t = 0; t < rows; t++)
            sum -= (double)nats->value[t];
    }
    return sum * n / hidden;
}

/* ---------------------------------------------------------------- per token, per byte */

/* sum value / sum weight, and its standard error as a ratio of means over the examples. */
static void report_ratio(LikelihoodReport *report, const char *name, const char *unit,
                         const double *value, const double *weight)
{
    int n = report->examples;
    double top = 0, bottom = 0, square = 0;
    for (int i = 0; i < n; i++) {
        top += value[i];
        bottom += weight[i];
    }
    for (int i = 0; i < n; i++)
        square += pow(value[i] - top / bottom * weight[i], 2);
    double se = n > 1 ? sqrt(square * n / (n - 1)) / bottom : NAN;
    likelihood_report_number(report, name, unit, top / bottom, se);
}

static void report_rates(const Gpt *gpt, const Task *task, LikelihoodReport *report,
                         const double *log_prob)
{
    int n = report->examples;
    const Text *text = task->data->text;
    double *cost = memory_new((size_t)n, sizeof *cost), *size = memory_new((size_t)n, sizeof *size);
    bool decoder = gpt->objective == GPT_NEXT;
    const char *token = !decoder                                 ? "pseudo, a token"
                        : gpt->tokens->kind == TOKENS_CHARACTERS ? "-log p a character"
                        : gpt->tokens->kind == TOKENS_WORDS      ? "-log p a word"
                                                                 : "-log p a token";
    for (int i = 0; i < n; i++) {
        cost[i] = -log_prob[i];
        size[i] = text_predicted(task->data, task->split, task->index[i]);
    }
    report_ratio(report, token, "nats", cost, size);
    if (decoder && text->log_prob != NULL) {
        size_t first = dataset_first(task->data, task->split);
        for (int i = 0; i < n; i++)
            cost[i] += text->log_prob[first + task->index[i]];
        report_ratio(report, "above the true distribution", "nats a token", cost, size);
    }
    for (int i = 0; i < n; i++) {
        cost[i] = -log_prob[i];
        size[i] = (double)text_bytes(task->data, task->split, task->index[i]);
    }
    report_ratio(report, decoder ? "-log p a byte" : "pseudo, a byte", "nats", cost, size);
    free(cost);
    free(size);
}

static void report_answers(LikelihoodReport *report, const double *right)
{
    double *given = memory_new((size_t)report->examples, sizeof *given);
    size_t n = 0;
    for (int i = 0; i < report->examples; i++)
        if (right[i] >= 0)
            given[n++] = 100 * right[i];
    if (n == (size_t)report->examples) /* pairs may have joined what an answer begins behind */
        likelihood_report_part(report, "right answers", "%", given, n);
    free(given);
}

static void evaluate_text(Gpt *gpt, const Task *task, LikelihoodReport *report)
{
    bool decoder = gpt->objective == GPT_NEXT, pairs = gpt->tokens->kind == TOKENS_PAIRS;
    Likelihood *found = !decoder ? likelihood_report_add(report, "pseudo", LIKELIHOOD_NONE)
                        : pairs ? likelihood_report_add(report, "canonical", LIKELIHOOD_LOWER_BOUND)
                                : likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    double *right = memory_new((size_t)task->examples, sizeof *right);
    int at_once = decoder ? TOKENS_AT_ONCE / gpt->context : 1;
    at_once = at_once > 0 ? at_once : 1;
    Rng noise = task->noise;
    Progress progress = progress_start("evaluate", "examples", 0, task->examples, task->quiet);
    for (int first = 0; first < task->examples; first += at_once) {
        int left = task->examples - first, rows = left < at_once ? left : at_once;
        if (decoder)
            judge_decoder(gpt, task, first, rows, found->log_prob, right);
        else
            found->log_prob[first] = pseudo_log_prob(gpt, task, first, &noise);
        progress_show(&progress, first + rows, "");
    }
    progress_end(&progress, "");
    report_rates(gpt, task, report, found->log_prob);
    if (decoder && task->data->text->answer_after != 0)
        report_answers(report, right);
    free(right);
}

void gpt_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    Gpt *gpt = (Gpt *)model;
    if (gpt->objective == GPT_NEXT && options_typed(task->options, "hidden"))
        refuse_usage(
            "--hidden: is for encoders; of a decoder every token is judged at once; leave it "
            "out");
    if (gpt->tokens != NULL)
        evaluate_text(gpt, task, report);
    else if (gpt->edges != NULL)
        gpt_points_evaluate(gpt, task, report);
    else
        evaluate_images(gpt, task, report);
}
