/* sliders: directions that move one attribute of a face, in the autoencoder's latents and in CLIP's
 * space, and how far single numbers of either stand for single causes (MIG, DCI). For runs on the
 * set "faces"; the stages clip and autoencoder are enough.
 *
 *     latent direction of a cause f   cov(z, f) / var(f): how the mean latent moves with it (the
 * causes are independent) CLIP's direction of a cause     the vector of "an old face" less that of
 * "a young face"
 */
#include "07-clip-ldm/experiment.h"

#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/stages.h"
#include "data/faces.h"
#include "metric/disentangle.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 7, MIDDLE = STEPS / 2 };

static const OptionSpec options[] = {
    {"n", OPTION_INT, "2000", "N", "test faces that directions and scores are taken from", 100,
     2000, NULL},
    {"face", OPTION_INT, "3", "N", "the validation face that the sliders move", 0, 1999, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* What is said at the two ends of each slider. */
static const char *const ENDS[FACE_FACTORS][2] = {
    [FACE_AGE] = {"a young face", "an old face"},
    [FACE_BEARD] = {"a face with no beard", "a face with a long beard"},
    [FACE_SMILE] = {"a sad face", "a smiling face"},
    [FACE_HAIR] = {"a face with no hair", "a face with long hair"},
    [FACE_EYES] = {"a face with small eyes", "a face with large eyes"},
    [FACE_GLASSES] = {"a face", "a face with glasses"},
    [FACE_SKIN] = {"a face with light skin", "a face with dark skin"},
    [FACE_HEAD] = {"a narrow face", "a round face"}};

/* n faces: true causes, latents, CLIP's vectors. */
typedef struct Faces {
    int n, shared;
    real *factor; /* [n, FACE_FACTORS] */
    real *latent; /* [n, LATENT_DIMS]  */
    real *vector; /* [n, shared]       */
} Faces;

static Faces faces_of(const Run *clip, const Run *autoencoder, int n)
{
    enum { PART = 50 };
    const ClipTowers *towers = &((const Clip *)clip->model)->towers;
    const AutoencoderNet *net = &((const Autoencoder *)autoencoder->model)->net;
    Faces f = {.n = n, .shared = towers->shared};
    Tape *tape = tape_create(kernels_best());
    f.factor = memory_new((size_t)n * FACE_FACTORS, sizeof(real));
    f.latent = memory_new((size_t)n * LATENT_DIMS, sizeof(real));
    f.vector = memory_new((size_t)n * (size_t)f.shared, sizeof(real));
    for (int first = 0; first < n; first += PART) {
        int rows = n - first < PART ? n - first : PART;
        tape_reset(tape);
        model_bind(clip->model, tape);
        model_bind(autoencoder->model, tape);
        tape_record(tape, false);
        Tensor *x = tensor_new_matrix(tape, rows, FACE_LEVELS);
        dataset_fetch_range(clip->data, SPLIT_TEST, (size_t)first, (size_t)rows, NULL, x->value,
                            NULL, f.factor + (size_t)first * FACE_FACTORS);
        const Tensor *z = autoencoder_encode(net, x).mean, *u = clip_image(towers, x);
        memcpy(f.latent + (size_t)first * LATENT_DIMS, z->value, z->size * sizeof(real));
        memcpy(f.vector + (size_t)first * (size_t)f.shared, u->value, u->size * sizeof(real));
    }
    tape_free(tape);
    return f;
}

static void faces_free(Faces *f)
{
    free(f->factor);
    free(f->latent);
    free(f->vector);
}

/* cov(row, cause) / var(cause) of rows [n, dim] -> slope [dim]. */
static void slope_of(const Faces *f, const real *row, int dim, int cause, double *slope)
{
    double mean = 0, variance = 0;
    for (int i = 0; i < f->n; i++)
        mean += (double)f->factor[i * FACE_FACTORS + cause] / f->n;
    for (int d = 0; d < dim; d++)
        slope[d] = 0;
    for (int i = 0; i < f->n; i++) {
        double away = (double)f->factor[i * FACE_FACTORS + cause] - mean;
        variance += away * away;
        for (int d = 0; d < dim; d++)
            slope[d] += away * (double)row[(size_t)i * (size_t)dim + (size_t)d];
    }
    for (int d = 0; d < dim; d++)
        slope[d] /= variance;
}

/* ---------------------------------------------------------------- the picture */

/* A row a cause: the face with its latent moved to where the cause is 0 .. 1. */
static void draw_sliders(const Faces *f, const Run *autoencoder, size_t face, Figures *figures)
{
    const AutoencoderNet *net = &((const Autoencoder *)autoencoder->model)->net;
    static const char *const column[STEPS] = {"0", "1/6", "1/3", "1/2", "2/3", "5/6", "1"};
    real truth[FACE_FACTORS];
    double slope[LATENT_DIMS];
    Tape *tape = tape_create(kernels_best());
    model_bind(autoencoder->model, tape);
    tape_record(tape, false);
    Tensor *x = tensor_new_matrix(tape, 1, FACE_LEVELS);
    dataset_fetch_range(autoencoder->data, SPLIT_VALIDATION, face, 1, NULL, x->value, NULL, truth);
    const Tensor *start = autoencoder_encode(net, x).mean;
    Tensor *z = tensor_new_matrix(tape, FACE_FACTORS * STEPS, LATENT_DIMS);
    for (int c = 0; c < FACE_FACTORS; c++) {
        slope_of(f, f->latent, LATENT_DIMS, c, slope);
        for (int s = 0; s < STEPS; s++) {
            double by = (double)s / (STEPS - 1) - (double)truth[c];
            for (int d = 0; d < LATENT_DIMS; d++)
                z->value[(size_t)(c * STEPS + s) * LATENT_DIMS + (size_t)d] =
                    start->value[d] + (real)(by * slope[d]);
        }
    }
    gallery_figure(figures,
                   &(FigureText){.name = "sliders",
                                 .title = "One face, its latent moved along eight directions"},
                   autoencoder_decode(net, z)->value, FACE_FACTORS, STEPS, face_factor_name,
                   column);
    tape_free(tape);
}

/* ---------------------------------------------------------------- the numbers */

/* CLIP's vectors of the sentences at both ends: [FACE_FACTORS, 2, shared]; free with free(). */
static real *end_vectors(const Run *clip)
{
    const Clip *model = (const Clip *)clip->model;
    Sentence sentence[2 * FACE_FACTORS];
    for (int i = 0; i < 2 * FACE_FACTORS; i++)
        sentence[i] = sentence_of(model->world, ENDS[i / 2][i % 2]);
    Tape *tape = tape_create(kernels_best());
    model_bind(clip->model, tape);
    tape_record(tape, false);
    const Tensor *u = clip_text(&model->towers, tape, sentence, 2 * FACE_FACTORS).embedding;
    real *vector = memory_new(u->size, sizeof *vector);
    memcpy(vector, u->value, u->size * sizeof *vector);
    tape_free(tape);
    return vector;
}

static double correlation(const double *a, const real *b, int stride, int n)
{
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ma += a[i] / n;
        mb += (double)b[i * stride] / n;
    }
    for (int i = 0; i < n; i++) {
        double x = a[i] - ma, y = (double)b[i * stride] - mb;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return ab / sqrt(aa * bb);
}

/* How well a picture's place along the words' direction tells the cause, and the cosine of that
 * direction with the one that the pictures themselves take. */
static void compare_directions(const Faces *f, const real *ends)
{
    int shared = f->shared;
    double *along = memory_new((size_t)f->n, sizeof *along);
    double *slope = memory_new((size_t)shared, sizeof *slope);
    printf("CLIP's space: the direction from one sentence to the other\n"
           "%-9s %-24s %-26s %12s %8s\n",
           "cause", "from", "to", "correlation", "cosine");
    for (int c = 0; c < FACE_FACTORS; c++) {
        const real *from = ends + (size_t)(2 * c) * (size_t)shared, *to = from + shared;
        double dot = 0, length = 0, own = 0;
        for (int i = 0; i < f->n; i++) {
            along[i] = 0;
            for (int d = 0; d < shared; d++)
                along[i] += ((double)to[d] - (double)from[d]) *
                            (double)f->vector[(size_t)i * (size_t)shared + (size_t)d];
        }
        slope_of(f, f->vector, shared, c, slope);
        for (int d = 0; d < shared; d++) {
            double step = (double)to[d] - (double)from[d];
            dot += step * slope[d];
            length += step * step;
            own += slope[d] * slope[d];
        }
        printf("%-9s %-24s %-26s %12.3f %8.3f\n", face_factor_name[c], ENDS[c][0], ENDS[c][1],
               correlation(along, f->factor + c, FACE_FACTORS, f->n), dot / sqrt(length * own));
    }
    free(slope);
    free(along);
}

static void print_scores(const char *name, const Faces *f, const real *code, int dim)
{
    Dci dci = disentangle_dci(code, f->n, dim, f->factor, FACE_FACTORS, NULL, NULL);
    printf("%-22s %7d %6.3f %10.3f %13.3f %15.3f\n", name, dim,
           disentangle_mig(code, f->n, dim, f->factor, FACE_FACTORS), dci.disentanglement,
           dci.completeness, dci.informativeness);
}

static void sliders(const Call *call)
{
    Run *clip = stage_open(call->dir, &clip_family);
    Run *autoencoder = stage_open(call->dir, &autoencoder_family);
    const Run *const both[] = {clip, autoencoder};
    for (int i = 0; i < 2; i++)
        if (strcmp(both[i]->data->name, "faces") != 0)
            refuse(
                "%s: was trained on %s, which has no sliders; train on faces: bin/clip-ldm train "
                "--data faces",
                both[i]->dir, both[i]->data->name);
    Faces faces = faces_of(clip, autoencoder, (int)options_int(call->options, "n"));
    real *ends = end_vectors(clip);
    compare_directions(&faces, ends);
    printf("\nsingle numbers and single causes (1 is best; a code may hold all and score low)\n"
           "%-22s %7s %6s %10s %13s %15s\n",
           "code", "numbers", "MIG", "disentang.", "completeness", "informativeness");
    print_scores("the causes themselves", &faces, faces.factor, FACE_FACTORS);
    print_scores("autoencoder's latents", &faces, faces.latent, LATENT_DIMS);
    print_scores("CLIP's vectors", &faces, faces.vector, faces.shared);
    Figures *figures = experiment_figures(call);
    draw_sliders(&faces, autoencoder, (size_t)options_int(call->options, "face"), figures);
    experiment_end(figures);
    free(ends);
    faces_free(&faces);
    run_close(autoencoder);
    run_close(clip);
}

const LdmCommand command_sliders = {
    "sliders", "faces: directions that move one attribute; MIG and DCI (--run of --data faces)",
    NULL,      0,
    0,         options,
    sliders};
