/* eval: every number of the chapter on pictures and sentences that nothing was trained or chosen
 * on.
 */
#include "07-clip-ldm/experiment.h"

#include "07-clip-ldm/judge.h"
#include "07-clip-ldm/zero_shot.h"
#include "support/memory.h"
#include "tensor/profile.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Everything of one evaluation. */
typedef struct Eval {
    const Painter *painter;
    DrawHow how; /* guidance: 0 until it is chosen */
    LikelihoodReport report;
    Principal *plain;
} Eval;

static const double GUIDANCE[] = {0, 1, 1.5, 2, 3};
enum { GUIDANCES = sizeof GUIDANCE / sizeof *GUIDANCE };

/* A share of n independent pictures, with its binomial standard error; n 0: none applies. */
static void put(Eval *eval, const char *name, double share, int n)
{
    likelihood_report_number(&eval->report, name, "share", share,
                             n > 0 ? sqrt(share * (1 - share) / n) : NAN);
}

/* ---------------------------------------------------------------- the reader */

static void print_confusion(const real *picture, const Scene *scene, int n)
{
    int confusion[SCENE_SHAPES * (SCENE_SHAPES + 1)];
    judge_confusion(picture, scene, n, confusion);
    printf("pictures after the autoencoder: shape, and what the reader takes it for\n%-10s", "");
    for (int read = 0; read <= SCENE_SHAPES; read++)
        printf("%10s", read < SCENE_SHAPES ? scene_shape_name[read] : "unread");
    for (int shape = 0; shape < SCENE_SHAPES; shape++) {
        printf("\n%-10s", scene_shape_name[shape]);
        for (int read = 0; read <= SCENE_SHAPES; read++)
            printf("%10d", confusion[shape * (SCENE_SHAPES + 1) + read]);
    }
    printf("\n\n");
}

/* Its own error: on pictures of the renderer, and on the same after the autoencoder. */
static void measure_reader(Eval *eval, int n)
{
    Rng rng = rng_stream(1, "eval reader");
    Scene *scene = judge_scenes(&rng, n, 1, SCENE_WHOLE);
    real *picture = judge_real(scene, n, &rng);
    real *again = memory_new((size_t)n * SCENE_LEVELS, sizeof *again);
    double square = 0;
    painter_reconstruct(eval->painter, picture, n, again);
    for (size_t i = 0; i < (size_t)n * SCENE_LEVELS; i++) {
        double error = (double)again[i] - (double)picture[i];
        square += error * error;
    }
    put(eval, "checker_error", 1 - judge_pictures(picture, scene, n).all, n);
    put(eval, "checker_error_decoded", 1 - judge_pictures(again, scene, n).all, n);
    likelihood_report_number(&eval->report, "reconstruction", "levels (root mean square)",
                             sqrt(square / ((double)n * SCENE_LEVELS)), NAN);
    print_confusion(again, scene, n);
    free(again);
    free(picture);
    free(scene);
}

/* ---------------------------------------------------------------- CLIP */

/* Classes by prompts on combinations never seen: the worst attribute, and each in English. */
static void measure_zero_shot(Eval *eval, int n)
{
    static const char *const name[ATTRIBUTES] = {"zero_shot_shape", "zero_shot_colour",
                                                 "zero_shot_size", "zero_shot_place",
                                                 "zero_shot_ground"};
    Rng rng = rng_stream(1, "eval zero shot");
    Scene *scene = judge_scenes(&rng, n, 1, SCENE_UNSEEN);
    real *picture = judge_real(scene, n, &rng);
    double english[ATTRIBUTES], korean[ATTRIBUTES], worst = 1, worst_korean = 1;
    zero_shot(eval->painter, picture, scene, n, LANGUAGE_ENGLISH, english);
    zero_shot(eval->painter, picture, scene, n, LANGUAGE_KOREAN, korean);
    for (int a = 0; a < ATTRIBUTES; a++) {
        worst = fmin(worst, english[a]);
        worst_korean = fmin(worst_korean, korean[a]);
    }
    put(eval, "zero_shot", worst, 0); /* the least of five */
    put(eval, "zero_shot_korean", worst_korean, 0);
    for (int a = 0; a < ATTRIBUTES; a++)
        put(eval, name[a], english[a], n);
    free(picture);
    free(scene);
}

static void measure_retrieval(Eval *eval)
{
    enum { PICTURES = 256 };
    Rng rng = rng_stream(1, "eval retrieval");
    Scene *scene = distinct_scenes(&rng, PICTURES, SCENE_SEEN);
    real *picture = judge_real(scene, PICTURES, &rng);
    Retrieval english = retrieval(eval->painter, picture, scene, PICTURES, LANGUAGE_ENGLISH);
    Retrieval korean = retrieval(eval->painter, picture, scene, PICTURES, LANGUAGE_KOREAN);
    put(eval, "retrieval_at_1", fmin(english.text_at_1, english.image_at_1), 0);
    put(eval, "retrieval_at_5", fmin(english.text_at_5, english.image_at_5), 0);
    put(eval, "retrieval_at_1_korean", fmin(korean.text_at_1, korean.image_at_1), 0);
    free(picture);
    free(scene);
}

/* ---------------------------------------------------------------- drawing */

/* The guidance with the most right pictures, half of them of combinations never seen; other prompts
 * and seeds than those of the test. */
static double chosen_guidance(const Eval *eval, int n)
{
    double best = GUIDANCE[0], most = -1;
    printf("guidance   seen  unseen   (chosen on %d other prompts each)\n", n);
    for (int g = 0; g < GUIDANCES; g++) {
        double right[2];
        for (int unseen = 0; unseen < 2; unseen++) {
            Rng rng = rng_stream(2, "eval guidance");
            Scene *scene = judge_scenes(&rng, n, 1, unseen ? SCENE_UNSEEN : SCENE_SEEN);
            DrawHow how = {.guidance = GUIDANCE[g], .steps = eval->how.steps};
            real *picture = experiment_drawn(eval->painter, scene, n, &how, &rng);
            right[unseen] = judge_pictures(picture, scene, n).all;
            free(picture);
            free(scene);
        }
        printf("%8g  %.3f   %.3f\n", GUIDANCE[g], right[0], right[1]);
        fflush(stdout);
        if (right[0] + right[1] > most) {
            most = right[0] + right[1];
            best = GUIDANCE[g];
        }
    }
    return best;
}

static void measure_drawing(Eval *eval, int n, SceneWorld which)
{
    static const char *const seen[] = {"attributes_seen",   "seen_shape",    "seen_colour",
                                       "seen_size",         "seen_place",    "seen_ground",
                                       "seen_frechet",      "seen_coverage", "seen_real_frechet",
                                       "seen_real_coverage"};
    static const char *const unseen[] = {
        "attributes_unseen",   "unseen_shape",        "unseen_colour",  "unseen_size",
        "unseen_place",        "unseen_ground",       "unseen_frechet", "unseen_coverage",
        "unseen_real_frechet", "unseen_real_coverage"};
    const char *const *name = which == SCENE_SEEN ? seen : unseen;
    Rng rng = rng_stream(1, which == SCENE_SEEN ? "eval seen" : "eval unseen");
    Scene *scene = judge_scenes(&rng, n, 1, which), *other = judge_scenes(&rng, n, 1, which);
    real *picture = experiment_drawn(eval->painter, scene, n, &eval->how, &rng);
    real *real_ones = judge_real(other, n, &rng), *more = judge_real(scene, n, &rng);
    Judgement j = judge_pictures(picture, scene, n);
    const double attribute[] = {j.shape, j.colour, j.size, j.place, j.ground};
    put(eval, name[0], j.all, n);
    for (int a = 0; a < ATTRIBUTES; a++)
        put(eval, name[1 + a], attribute[a], n);
    PlainQuality quality = plain_compare(eval->plain, real_ones, picture, n);
    likelihood_report_number(&eval->report, name[6], "squared units of plain features",
                             quality.frechet, NAN);
    put(eval, name[7], quality.coverage, 0);
    quality = plain_compare(eval->plain, real_ones, more, n);
    likelihood_report_number(&eval->report, name[8], "the same of real pictures", quality.frechet,
                             NAN);
    put(eval, name[9], quality.coverage, 0);
    free(more);
    free(real_ones);
    free(picture);
    free(other);
    free(scene);
}

/* Pictures steered by a real picture's vector. */
static void measure_variations(Eval *eval, int n)
{
    Rng rng = rng_stream(1, "eval variations");
    Scene *scene = judge_scenes(&rng, n, 1, SCENE_SEEN);
    real *real_ones = judge_real(scene, n, &rng);
    real *picture = memory_new((size_t)n * SCENE_LEVELS, sizeof *picture);
    painter_draw(eval->painter, &(Wish){.picture = real_ones}, n, &eval->how, &rng, picture);
    put(eval, "attributes_from_picture", judge_pictures(picture, scene, n).all, n);
    free(picture);
    free(real_ones);
    free(scene);
}

/* Features from real pictures of all combinations. */
static Principal *plain_of_all(int n)
{
    Rng rng = rng_stream(1, "eval plain");
    Scene *scene = judge_scenes(&rng, n, 1, SCENE_WHOLE);
    real *picture = judge_real(scene, n, &rng);
    Principal *plain = plain_create(picture, n);
    free(picture);
    free(scene);
    return plain;
}

static const OptionSpec options[] = {
    {"samples", OPTION_INT, "1000", "N", "pictures for each share", 50, 100000, NULL},
    {"steps", OPTION_INT, "50", "N", "of the sampler", 1, 1000, NULL},
    {"guidance", OPTION_REAL, NULL, "W", "default: chosen on other prompts", 0, 100, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void evaluate(const Call *call)
{
    Painter painter = painter_open(call->dir);
    judge_check(&painter);
    int n = (int)options_int(call->options, "samples");
    double start = profile_seconds();
    Eval eval = {.painter = &painter,
                 .how = experiment_how(call, &painter),
                 .report = {.examples = n, .dims = SCENE_LEVELS, .discrete = true}};
    measure_reader(&eval, n);
    measure_zero_shot(&eval, n);
    measure_retrieval(&eval);
    if (!options_set(call->options, "guidance"))
        eval.how.guidance = chosen_guidance(&eval, n < 500 ? n / 2 : 250);
    likelihood_report_number(&eval.report, "guidance", "w", eval.how.guidance, NAN);
    eval.plain = plain_of_all(n);
    measure_drawing(&eval, n, SCENE_SEEN);
    measure_drawing(&eval, n, SCENE_UNSEEN);
    measure_variations(&eval, n < 500 ? n : 500);
    printf("\n");
    likelihood_report_print(&eval.report, stdout);
    run_write_eval(call->dir, painter.run->family, painter.run->data, SPLIT_TEST, NULL,
                   &eval.report, NULL);
    printf("\n%d pictures each; everything in %s\nwritten to %s/eval.json\n", n,
           progress_duration(profile_seconds() - start, (char[32]){0}), call->dir);
    likelihood_report_clear(&eval.report);
    principal_free(eval.plain);
    painter_close(&painter);
}

const LdmCommand command_eval = {
    "eval", "measure everything and write eval.json", NULL, 0, 0, options, evaluate};
