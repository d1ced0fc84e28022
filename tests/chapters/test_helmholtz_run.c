/* Runs of the family: the same bits after a stop, a machine that learns bars and stripes, and what
 * a user may get wrong. */
#include "01-helmholtz/helmholtz_diary.h"
#include "01-helmholtz/helmholtz_exact.h"
#include "train/run_child.h"

#include <math.h>

#define SMALL                                                                                      \
    "--data bars-3 --hidden 6,5 --batch 20 --steps 40 --threads 1 --quick --quiet --lr 1e-2"

/* Baseline and diary are saved with the weights. */
static void test_resumed(void)
{
    run_stopped_equals_whole(&helmholtz_family, SMALL, "17");
    run_stopped_equals_whole(&helmholtz_family, SMALL " --objective rws --k 3 --ema 0.9", "17");
    run_stopped_equals_whole(&helmholtz_family, SMALL " --objective reinforce", "17");
    run_stopped_equals_whole(
        &helmholtz_family,
        SMALL " --objective rws --k 3 --recognition in-order --recognition-features 7 --warmup 30",
        "17");
    run_stopped_equals_whole(&helmholtz_family, SMALL " --objective vimco --k 2", "17");
}

static void test_bad_input(void)
{
    char root[256];
    folder_make(root);
    char *dir = run_path(root, "run");
    CU_ASSERT(run_said(&helmholtz_family, dir, SMALL " --objective rws --k 0", 2, "--k"));
    CU_ASSERT(run_said(&helmholtz_family, dir, SMALL " --k 2", 2, "--objective rws takes several"));
    CU_ASSERT(run_said(&helmholtz_family, dir, SMALL " --objective vimco --k 1", 2,
                       "give --k 2 or more"));
    CU_ASSERT(run_said(&helmholtz_family, dir, SMALL " --q-update wake", 2,
                       "--q-update belongs to --objective rws"));
    CU_ASSERT(run_said(&helmholtz_family, dir, SMALL " --warmup 5", 2,
                       "--warmup belongs to --objective rws"));
    CU_ASSERT(run_said(&helmholtz_family, dir, "--data bars-3 --hidden 0", 2, "--hidden"));
    CU_ASSERT(run_said(&helmholtz_family, dir, "--data bars-3 --hidden ,", 2, "--hidden"));
    CU_ASSERT(run_said(&helmholtz_family, dir, "--data bars-3 --hidden 2,2,2,2,2,2,2,2,2", 2,
                       "9 layers; at most 8"));
    CU_ASSERT(run_said(&helmholtz_family, dir, "--data digits", 1,
                       "does not learn grey images; try --data digits-binary"));
    free(dir);
    folder_remove(root);
}

/* ---------------------------------------------------------------- evaluation */

/* What the chapter's evaluation finds of a run on all patterns of bars-3. */
static LikelihoodReport judge(const Run *run, const char *exact)
{
    const OptionSpec *tables[] = {helmholtz_eval_options, NULL};
    char *line[] = {(char *)"eval",    (char *)"--importance", (char *)"50",
                    (char *)"--exact", (char *)exact,          NULL};
    Options *asked = options_parse("eval", "", tables, 5, line);
    static const uint32_t index[14] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    LikelihoodReport report = {.examples = 14, .dims = 9, .discrete = true};
    Task task = {.data = run->data,
                 .split = SPLIT_TEST,
                 .index = index,
                 .examples = 14,
                 .options = asked,
                 .quiet = true,
                 .noise = rng_stream(1, "evaluation")};
    task.tape = tape_create(kernels_best());
    helmholtz_evaluate(run->model, &task, &report);
    tape_free(task.tape);
    options_free(asked);
    return report;
}

static double part_of(const LikelihoodReport *report, const char *name)
{
    for (int i = 0; i < report->parts; i++)
        if (strcmp(report->part[i].name, name) == 0)
            return report->part[i].mean;
    return NAN;
}

/* The bounds are in order, the exact parts add up, the diary holds the way there. */
static void learn(void *context)
{
    run_train(context);
    const RunCall *call = context;
    Run *run = run_open(&helmholtz_family, call->dir);
    const Helmholtz *machine = (const Helmholtz *)run->model;
    const real *record = machine->diary->record->value;
    int columns = machine->diary->record->shape[1], last = (DIARY_FRAMES - 1) * columns;
    LikelihoodReport report = judge(run, "yes");
    double elbo = likelihood_mean(report.likelihood[0].log_prob, 14);
    double iwae = likelihood_mean(report.likelihood[1].log_prob, 14);
    double exact = likelihood_mean(report.likelihood[2].log_prob, 14);
    double divergence = part_of(&report, "KL(data || model), exact");
    double kl = part_of(&report, "KL(q || posterior), layer 1") +
                part_of(&report, "KL(q || posterior), layer 2");
    bool adds = fabs(part_of(&report, "ELBO, exact") + kl - exact) < 1e-9 &&
                fabs(-exact - run->data->entropy - divergence) < 1e-9;
    bool ordered = elbo < iwae + 0.05 && iwae < exact + 0.05;
    bool diary = machine->diary->frames->value[0] == DIARY_FRAMES &&
                 record[last + RECORD_LOG_PROB] > record[RECORD_LOG_PROB] + 1 &&
                 record[RECORD_ANGLE] > 0 && record[RECORD_ANGLE] < 180;
    printf("%.4f %.4f %.4f, divergence %.4f: %s, %s, %s, %s\n", elbo, iwae, exact, divergence,
           adds ? "adds up" : "DOES NOT ADD UP", ordered ? "in order" : "OUT OF ORDER",
           divergence < 0.3 ? "learned" : "NOT LEARNED", diary ? "diary" : "NO DIARY");
    fflush(stdout);
    likelihood_report_clear(&report);
    run_close(run);
}

static void test_learns(void)
{
    char root[256];
    folder_make(root);
    char *dir = run_path(root, "run");
    RunCall call = {.family = &helmholtz_family,
                    .dir = dir,
                    .words =
                        "--data bars-3 --hidden 9,6 --steps 4000 --lr 3e-2 --threads 1 --quick "
                        "--quiet"};
    ChildResult result = child_run(learn, &call);
    CU_ASSERT(child_said(&result, 0, ": adds up, in order, learned, diary"));
    free(dir);
    folder_remove(root);
}

static void ask_for_too_much(void *context)
{
    run_train(context);
    judge(run_open(&helmholtz_family, ((const RunCall *)context)->dir), "yes");
}

static void test_too_large(void)
{
    char root[256];
    folder_make(root);
    char *dir = run_path(root, "run");
    RunCall call = {.family = &helmholtz_family,
                    .dir = dir,
                    .words = "--data bars-3 --hidden 15,15 --steps 2 --threads 1 --quick --quiet"};
    ChildResult result = child_run(ask_for_too_much, &call);
    CU_ASSERT(child_said(&result, 2,
                         "too large to enumerate; at most 20 units in a layer and 24 in two"));
    free(dir);
    folder_remove(root);
}

const Suite suite = {"chapters/helmholtz run",
                     {{"stopped and resumed", test_resumed},
                      {"bad input", test_bad_input},
                      {"learns bars and stripes", test_learns},
                      {"too large to enumerate", test_too_large},
                      {NULL, NULL}}};
