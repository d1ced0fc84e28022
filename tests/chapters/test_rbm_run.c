/* Runs of the family: the same bits after a stop, a machine that learns bars and stripes to a known
 * divergence, and what a user may get wrong. */
#include "01-boltzmann/rbm.h"
#include "train/run_child.h"

#include <math.h>

#define SMALL "--data bars-3 --hidden 8 --batch 20 --steps 40 --threads 1 --quick --quiet"

/* The chains of the negative phase are saved, so a run that was stopped goes on to the same bits.
 */
static void test_resumed(void)
{
    run_stopped_equals_whole(&boltzmann_family, SMALL, "17");
    run_stopped_equals_whole(&boltzmann_family, SMALL " --chains 33 --k 2 --gradient plain --ema 0",
                             "17");
    run_stopped_equals_whole(&boltzmann_family,
                             SMALL " --objective cd --optimizer adam --beta1 0.5", "17");
}

static void test_bad_input(void)
{
    char root[256];
    folder_make(root);
    char *dir = run_path(root, "run");
    CU_ASSERT(run_said(&boltzmann_family, dir, SMALL " --objective cd --chains 7", 2,
                       "--chains 7: --objective cd has one chain an example (--batch 20)"));
    CU_ASSERT(run_said(&boltzmann_family, dir, SMALL " --force --k 0", 2, "--k"));
    CU_ASSERT(run_said(&boltzmann_family, dir, SMALL " --force --objective pdc", 2,
                       "did you mean 'pcd'"));
    CU_ASSERT(
        run_said(&boltzmann_family, dir, "--data digits --force", 1, "try --data digits-binary"));
    CU_ASSERT(
        run_said(&boltzmann_family, dir, "--data moons --force", 1, "try --data digits-binary"));
    free(dir);
    folder_remove(root);
}

static void ask_for_too_much(void *unused)
{
    (void)unused;
    double mean[30];
    Rbm rbm = {.k = 1};
    for (int i = 0; i < 30; i++)
        mean[i] = 0.5;
    rbm_init(&rbm, 30, 26, 1, mean, 1, optimizer_adam(), 0);
    rbm_exact_log_z(&rbm, tape_create(kernels_best()));
}

static void test_too_many_states(void)
{
    ChildResult result = child_run(ask_for_too_much, NULL);
    CU_ASSERT(child_said(&result, 1,
                         "the smaller layer has 26 units; its states can be enumerated up to 25"));
}

/* ---------------------------------------------------------------- learning */

/* Trains on bars-3 (14 patterns of 9 pixels) and returns the exact KL(data || model), which the
 * report of the chapter's evaluation holds; exact is the mean -log p. */
static void learn(void *context)
{
    run_train(context);
    const RunCall *call = context;
    Run *run = run_open(&boltzmann_family, call->dir);
    const OptionSpec *tables[] = {rbm_eval_options, NULL};
    char *line[] = {(char *)"eval", (char *)"--ais-temperatures", (char *)"200", NULL};
    Options *asked = options_parse("eval", "", tables, 3, line);
    uint32_t index[14];
    for (uint32_t i = 0; i < 14; i++)
        index[i] = i;
    Task task = {.data = run->data,
                 .split = SPLIT_TEST,
                 .index = index,
                 .examples = 14,
                 .options = asked,
                 .quiet = true,
                 .noise = rng_stream(1, "evaluation")};
    task.tape = tape_create(kernels_best());
    LikelihoodReport report = {.examples = 14, .dims = 9, .discrete = true};
    rbm_evaluate(run->model, &task, &report);
    double exact = -likelihood_mean(report.likelihood[0].log_prob, 14);
    double ais = -likelihood_mean(report.likelihood[1].log_prob, 14), divergence = NAN, mass = NAN;
    for (int i = 0; i < report.parts; i++) {
        if (strcmp(report.part[i].name, "KL(data || model), exact") == 0)
            divergence = report.part[i].mean;
        if (strcmp(report.part[i].name, "model's mass on the data's patterns") == 0)
            mass = report.part[i].mean;
    }
    bool consistent = fabs(exact - run->data->entropy - divergence) < 1e-3;
    bool learned = divergence > 0 && divergence < 0.25 && mass > 0.8 && mass < 1.0001;
    printf("exact %.4f ais %.4f divergence %.4f mass %.4f: %s, %s, %s\n", exact, ais, divergence,
           mass, consistent ? "consistent" : "INCONSISTENT", learned ? "learned" : "NOT LEARNED",
           fabs(exact - ais) < 0.3 ? "near" : "FAR");
    fflush(stdout);
    likelihood_report_clear(&report);
    tape_free(task.tape);
    options_free(asked);
    run_close(run);
}

static void test_learns(void)
{
    char root[256];
    folder_make(root);
    char *pcd = run_path(root, "pcd");
    RunCall call = {
        .family = &boltzmann_family,
        .dir = pcd,
        .words = "--data bars-3 --hidden 10 --steps 4000 --lr 0.2 --threads 1 --quick --quiet"};
    ChildResult result = child_run(learn, &call);
    CU_ASSERT(child_said(&result, 0, ": consistent, learned, near"));
    free(pcd);
    folder_remove(root);
}

const Suite suite = {"chapters/rbm run",
                     {{"stopped and resumed", test_resumed},
                      {"bad input", test_bad_input},
                      {"too many states", test_too_many_states},
                      {"learns bars and stripes", test_learns},
                      {NULL, NULL}}};
