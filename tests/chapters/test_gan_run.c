/* GANs in single precision as users run them: stopped runs, samples, commands, bad input. */
#include "chapters/option_lines.h"
#include "chapters/small_gan.h"

#include "05-gan/gan_diary.h"
#include "nn/norm.h"

#include <math.h>

/* ---------------------------------------------------------------- bad input */

static const OptionLine lines[] = {
    {&gan_family, "ring8", "--pack 3 --batch 256", 2,
     "--pack 3: does not divide the batch of 256 examples"},
    {&gan_family, "ring8", "--pack 3 --d-steps 5 --hidden 4", 0, ""},
    {&gan_family, "ring8", "--d-steps 5 --batch 256", 2,
     "--d-steps 5: does not share the batch of 256"},
    {&gan_family, "ring8", "--pack 4 --batch 250", 2, "give --batch a multiple of 4"},
    {&gan_family, "ring8", "--pack 2 --d-steps 3 --batch 252 --hidden 4", 0, ""},
    {&gan_family, "ring8", "--pack 2 --d-steps 3 --batch 255", 2, "give --batch a multiple of 6"},
    {&gan_family, "ring8", "--d-steps 0", 2, "--d-steps"},
    {&gan_family, "checkerboard", "--conditional yes", 2,
     "--conditional yes: checkerboard has no labels"},
    {&gan_family, "ring8", "--conditional yes --pack 2", 2, "have no common label; give --pack 1"},
    {&gan_family, "digits", "--channels 12", 2, "--channels: 12 is not a multiple of 8"},
    {&gan_family, "digits", "--channels 8,8,8,8", 2,
     "sides are multiples of 8; digits has 28 x 28"},
    {&gan_family, "digits", "--channels 8,8,8,8,8", 2, "--channels: 5 levels; at most 4"},
    {&gan_family, "ring8", "--hidden 4,4,4,4,4,4,4,4,4", 2, "--hidden: 9 layers; at most 8"},
    {&gan_family, "ring8", "--loss wassertein", 2, "did you mean 'wasserstein'"},
    {&gan_family, "digits", "--channels 8,8", 0, ""},
    {&gan_family, "bars-3", "--hidden 4", 0, ""},
    {&gan_family, "bars-3", "--channels 8,8", 2, "sides are multiples of 2; bars-3 has 3 x 3"},
    {&gan_family, "bars", "--channels 8,8 --bits hard", 0, ""},
    {&gan_family, "ring8", "--bits hard", 2, "--bits hard: is for binary images"},
    {&gan_family, "bars", "--bits round", 2, "--bits"}};

/* The set that is named instead is never the refused one. */
static void train_words(void *context)
{
    run_train(&(RunCall){"unused", context, &gan_family, 0, 0, -1});
}

static void test_other_kind(void)
{
    ChildResult result = child_run(train_words, (void *)"--data arithmetic");
    CU_ASSERT(child_said(&result, 1, "try --data ring8"));
}

static void test_options(void)
{
    option_lines_check(lines, sizeof lines / sizeof *lines);
}

/* A penalty through an operation without a tangent rule names it. */
static void penalise_norm(void *context)
{
    (void)context;
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    GroupNorm norm = group_norm_create(params, "norm", 8, 2);
    params_bind(params, tape);
    Tensor *x = tensor_watch(tensor_fill(tape, 2, (int[]){4, 8}, 1));
    gan_penalty_zero(tensor_mean_axis(group_norm_forward(&norm, x), 1), x, 1);
}

static void test_no_rule(void)
{
    ChildResult result = child_run(penalise_norm, NULL);
    CU_ASSERT(child_said(&result, 128 + SIGABRT, "'group_norm' has no rule for forward mode"));
}

/* ---------------------------------------------------------------- runs */

static void test_resume(void)
{
    run_stopped_equals_whole(&gan_family,
                             "--data ring8 --hidden 8 --batch 32 --steps 20 --threads 1 --quick "
                             "--quiet --penalty-every 3",
                             "9");
    run_stopped_equals_whole(&gan_family,
                             "--data digits --channels 8,8 --batch 8 --steps 8 --threads 1 --quick "
                             "--quiet --spectral --pack 2 --d-steps 2 --loss hinge",
                             "5");
    run_stopped_equals_whole(&gan_family,
                             "--data bars-3 --hidden 8 --batch 18 --steps 12 --threads 1 --quick "
                             "--quiet",
                             "5");
}

/* The diary has a frame from before the first step and one from before the last. */
static void test_diary(void)
{
    const long steps[3] = {1, 30, 20000};
    for (int i = 0; i < 3; i++) {
        CU_ASSERT(gan_diary_step(0, steps[i]) == 0);
        CU_ASSERT(gan_diary_step(DIARY_FRAMES - 1, steps[i]) == steps[i] - 1);
    }
    SmallGan g = small_gan("ring8", "--hidden 4");
    for (long s = 0; s < 40; s++) {
        small_gan_begin(&g);
        gan_diary_keep(g.gan, g.tape, s, 40);
    }
    const GanDiary *diary = g.gan->diary;
    CU_ASSERT((int)diary->frames->value[0] == DIARY_FRAMES);
    CU_ASSERT((long)diary->record->value[(DIARY_FRAMES - 1) * RECORD_COLUMNS] == 39);
    CU_ASSERT(diary->record->value[RECORD_REVERSE_KL] >
              0); /* fresh weights reach one mode or two */
    small_gan_free(&g);
}

/* Samples of images are whole levels in range, of a conditional run as many as wanted. */
static void test_samples(void)
{
    enum { N = 12 };
    SmallGan g = small_gan("digits", "--channels 8,8 --conditional yes");
    const int label[N] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9};
    real *x = memory_new(N * 784, sizeof *x), *y = memory_new(N * 784, sizeof *y);
    Rng noise = rng_stream(2, "sample"), same = noise;
    tape_record(g.tape, false);
    gan_family.sample(&g.gan->model, g.tape, &noise, &(SampleRequest){.n = N, .label = label}, x);
    for (int i = 0; i < N * 784; i++)
        CU_ASSERT(x[i] >= 0 && x[i] <= 255 && x[i] == floorf((float)x[i]));
    const int other[N] = {5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9};
    gan_family.sample(&g.gan->model, g.tape, &same, &(SampleRequest){.n = N, .label = other}, y);
    CU_ASSERT(memcmp(x, y, 784 * sizeof *x) != 0); /* the label matters, to its own sample alone */
    CU_ASSERT(memcmp(x + 784, y + 784, (N - 1) * 784 * sizeof *x) == 0);
    free(x);
    free(y);
    small_gan_free(&g);
}

/* Samples of binary images are 0 and 1, from numbers between and from bits; the smallest images
 * need no convolutions. */
static void test_binary(void)
{
    enum { N = 10 };
    static const struct {
        const char *data, *words;
        bool flat;
    } binary[] = {{"bars", "--hidden 16", true},
                  {"bars-3", "--hidden 16 --bits hard", true},
                  {"bars", "--channels 8,8", false},
                  {"digits-binary", "--channels 8,8 --bits soft", false},
                  {"digits-binary", "--channels 8,8 --bits hard", false}};
    for (int b = 0; b < 5; b++) {
        SmallGan g = small_gan(binary[b].data, binary[b].words);
        real *x = memory_new((size_t)N * (size_t)g.gan->dims, sizeof *x);
        Rng noise = rng_stream(2, "sample");
        int ink = 0;
        CU_ASSERT((g.gan->generator.out.weight != NULL) == binary[b].flat);
        tape_record(g.tape, false);
        gan_family.sample(&g.gan->model, g.tape, &noise, &(SampleRequest){.n = N}, x);
        for (int i = 0; i < N * g.gan->dims; i++) {
            CU_ASSERT(x[i] == 0 || x[i] == 1);
            ink += x[i] == 1;
        }
        CU_ASSERT(ink > 0 && ink < N * g.gan->dims);
        free(x);
        small_gan_free(&g);
    }
}

/* The preset that loses modes is what its help says, and gives way to what is typed. */
static void test_collapse(void)
{
    SmallGan g = small_gan("ring8", "--collapse"), kept = small_gan("ring8", "--collapse --d-lr 1");
    CU_ASSERT(g.gan->loss == GAN_MINIMAX && g.gan->penalty == PENALTY_NONE);
    CU_ASSERT(g.gan->discriminator_rate == 0.02 && g.gan->model.part[0].ema == NULL);
    CU_ASSERT(g.gan->model.part[0].optimizer->rule.beta1 == 0.9);
    CU_ASSERT(strcmp(options_text(g.options, "schedule"), "constant") == 0);
    CU_ASSERT(kept.gan->discriminator_rate == 1 && kept.gan->loss == GAN_MINIMAX);
    small_gan_free(&g);
    small_gan_free(&kept);
}

/* ---------------------------------------------------------------- evaluation and pictures */

static bool drawn(const char *folder, const char *name)
{
    char *script = memory_format("%s/%s.gp", folder, name);
    bool there = access(script, F_OK) == 0;
    free(script);
    return there;
}

/* A run of a few steps is evaluated and drawn: no likelihood, modes counted, the family's pictures.
 */
static void evaluate_and_draw(void *context)
{
    const char *words = context;
    char root[256];
    folder_make(root);
    char *dir = memory_format("%s/run", root);
    RunCall call = {dir, words, &gan_family, 0, 0, -1};
    ChildResult trained = child_run(run_train, &call);
    Run *run = run_open(&gan_family, dir);
    const OptionSpec *tables[] = {gan_eval_options, NULL};
    char *argv[] = {(char *)"gan", NULL};
    Options *options = options_parse("gan", "test", tables, 1, argv);
    Figures *figures = figures_open(root);
    Tape *tape = tape_create(kernels_best());
    Task task = {.data = run->data,
                 .tape = tape,
                 .noise = rng_stream(1, "test"),
                 .options = options,
                 .figures = figures,
                 .dir = dir,
                 .quiet = true};
    LikelihoodReport report = {.examples = 1, .dims = run->data->dims};
    gan_family.evaluate(run->model, &task, &report);
    gan_family.figures(run->model, &task);
    printf("%d likelihoods, %d parts;%s%s%s%s", report.likelihoods, report.parts,
           drawn(root, "game") ? " game" : "", drawn(root, "training") ? " training" : "",
           drawn(root, "modes") ? " modes" : "",
           drawn(root, "discriminator") ? " discriminator" : "");
    if (trained.status != 0)
        printf(" but training said: %s", trained.text);
    fflush(stdout);
    folder_remove(root);
    _exit(0);
}

static void test_evaluate_and_draw(void)
{
    static const char *const plain = "--hidden 8 --batch 30 --steps 20 --threads 1 --quick --quiet";
    static const char *const extra[4] = {
        "--data ring8", "--data ring8 --conditional yes",
        "--data ring8 --loss relativistic --pack 2",
        "--data moons --loss wasserstein --penalty one --d-steps 5"};
    static const char *const says[4] = {"0 likelihoods, 4 parts; game training modes discriminator",
                                        "0 likelihoods, 4 parts; game training modes",
                                        "0 likelihoods, 4 parts; game training modes",
                                        "0 likelihoods, 0 parts; game training discriminator"};
    for (int i = 0; i < 4; i++) {
        char *words = memory_format("%s %s", plain, extra[i]);
        ChildResult result = child_run(evaluate_and_draw, words);
        CU_ASSERT(child_said(&result, 0, says[i]));
        free(words);
    }
}

const Suite suite = {"chapters/gan_run",
                     {{"options", test_options}, /* children first: later there are threads */
                      {"no tangent rule", test_no_rule},
                      {"another kind of data", test_other_kind},
                      {"evaluation and pictures", test_evaluate_and_draw},
                      {"stopped runs", test_resume},
                      {"the diary", test_diary},
                      {"the preset that collapses", test_collapse},
                      {"samples", test_samples},
                      {"samples of binary images", test_binary},
                      {NULL, NULL}}};
