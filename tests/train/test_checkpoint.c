/* Checkpoints: the round trip, what is damaged or of another model, a full disk. */
#include "harness/suite.h"
#include "support/memory.h"
#include "train/checkpoint.h"
#include "train/run.h"
#include "train/safetensors.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Two parts as a GAN has them, one with an average, one updated by SGD. */
static const char *const columns[] = {"loss", NULL};
static const Family family = {.name = "toy", .columns = columns};
static const Family other_family = {.name = "other", .columns = columns};

enum { ROWS = 3, COLUMNS = 4, UPDATES = 3 };

static Model *model_make(int rows, double start)
{
    Model *model = memory_new(1, sizeof *model);
    OptimizerRule sgd = {.kind = OPTIMIZER_SGD, .beta1 = 0.9};
    Params *a = params_create(), *b = params_create();
    model->family = &family;
    params_weight(a, "w", 2, (int[]){rows, COLUMNS});
    params_buffer(a, "scale", 1, (int[]){2});
    params_weight(b, "w", 1, (int[]){5});
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; j < a->tensor[i]->size; j++)
            a->tensor[i]->value[j] = (real)(start + sin((double)j + i));
    model_add_part(model, "first", a, optimizer_adam(), 0.9);
    model_add_part(model, "second", b, sgd, 0);
    return model;
}

static void model_free(Model *model)
{
    model_free_parts(model);
    free(model);
}

static void model_step(Model *model, int t)
{
    for (int p = 0; p < model->parts; p++) {
        Params *params = model->part[p].params;
        for (int i = 0; i < params->count; i++) {
            Tensor *weight = params->tensor[i];
            for (size_t j = 0; params->trained[i] && j < weight->size; j++)
                weight->grad[j] = (real)cos((double)j * (t + 1) + p);
            weight->has_grad = params->trained[i];
        }
        optimizer_update(model->part[p].optimizer, 0.01);
    }
    model_update_ema(model);
}

static Model *model_trained(void)
{
    Model *model = model_make(ROWS, 0);
    for (int t = 0; t < UPDATES; t++)
        model_step(model, t);
    return model;
}

static bool same_numbers(const real *a, const real *b, size_t n)
{
    return a == NULL || b == NULL ? a == b : memcmp(a, b, n * sizeof *a) == 0;
}

static bool models_same(const Model *a, const Model *b)
{
    bool same = a->parts == b->parts;
    for (int p = 0; same && p < a->parts; p++) {
        const Part *x = &a->part[p], *y = &b->part[p];
        same = x->optimizer->updates == y->optimizer->updates;
        if (x->ema != NULL)
            same = same && x->ema->updates == y->ema->updates;
        for (int i = 0; same && i < x->params->count; i++) {
            size_t n = x->params->tensor[i]->size;
            same = same_numbers(x->params->tensor[i]->value, y->params->tensor[i]->value, n) &&
                   same_numbers(x->optimizer->first[i], y->optimizer->first[i], n) &&
                   same_numbers(x->optimizer->second[i], y->optimizer->second[i], n) &&
                   (x->ema == NULL || same_numbers(x->ema->average[i], y->ema->average[i], n));
        }
    }
    return same;
}

/* A folder with a checkpoint and weights of a trained model. */
typedef struct Place {
    char folder[256];
    char *checkpoint, *weights;
    Model *model;
    CheckpointState state;
} Place;

static Place place_make(void)
{
    Place place = {.model = model_trained()};
    folder_make(place.folder);
    place.checkpoint = run_path(place.folder, "checkpoint.safetensors");
    place.weights = run_path(place.folder, "weights.safetensors");
    place.state = (CheckpointState){.step = 3, .steps = 10, .seed = 999999999999999, .threads = 2};
    for (int i = 0; i <= FAMILY_MOST_COLUMNS; i++)
        place.state.sums[i] = i == 1 ? NAN : i / 3.0;
    CU_ASSERT_PTR_NULL(checkpoint_save(place.model, &place.state, place.checkpoint, NULL, NULL));
    CU_ASSERT_PTR_NULL(checkpoint_save_weights(place.model, place.weights));
    return place;
}

static void place_remove(Place *place)
{
    model_free(place->model);
    folder_remove(place->folder);
    free(place->checkpoint);
    free(place->weights);
}

/* ---------------------------------------------------------------- the round trip */

static void test_round_trip(void)
{
    Place place = place_make();
    Model *read = model_make(ROWS, 100);
    unsigned version = read->part[1].params->tensor[0]->version;
    CU_ASSERT(!models_same(place.model, read));
    CheckpointState state = checkpoint_load(read, place.checkpoint);
    CU_ASSERT(models_same(place.model, read));
    CU_ASSERT(state.step == 3 && state.steps == 10 && state.seed == 999999999999999);
    CU_ASSERT_EQUAL(state.threads, 2);
    CU_ASSERT(memcmp(state.sums, place.state.sums, sizeof state.sums) == 0);
    CU_ASSERT(read->part[1].params->tensor[0]->version > version);
    for (int t = UPDATES; t < 3 * UPDATES; t++) { /* and they go on alike */
        model_step(place.model, t);
        model_step(read, t);
    }
    CU_ASSERT(models_same(place.model, read));
    CU_ASSERT(read->part[0].ema->updates == 3 * UPDATES);
    model_free(read);
    place_remove(&place);
}

/* Saving leaves the model as it was, and equal models give equal bytes. */
static void test_saving_twice(void)
{
    Place place = place_make();
    Model *same = model_trained();
    char *again = run_path(place.folder, "again");
    size_t bytes[2];
    CU_ASSERT(models_same(place.model, same));
    CU_ASSERT_PTR_NULL(checkpoint_save(same, &place.state, again, NULL, NULL));
    char *first = file_read(place.checkpoint, &bytes[0]), *second = file_read(again, &bytes[1]);
    CU_ASSERT(bytes[0] == bytes[1] && memcmp(first, second, bytes[0]) == 0);
    free(first);
    free(second);
    free(again);
    model_free(same);
    place_remove(&place);
}

/* The file holds the average where there is one, the weights elsewhere. */
static void test_weights(void)
{
    Place place = place_make();
    Safetensors *file = safetensors_read(place.weights);
    const Part *first = &place.model->part[0], *second = &place.model->part[1];
    CU_ASSERT_EQUAL(safetensors_count(file), 3);
    const SafetensorsEntry *averaged = safetensors_find(file, "first/w");
    const SafetensorsEntry *plain = safetensors_find(file, "second/w");
    CU_ASSERT_FATAL(averaged != NULL && plain != NULL);
    CU_ASSERT(averaged->rank == 2 && averaged->shape[0] == ROWS && averaged->shape[1] == COLUMNS);
    CU_ASSERT(same_numbers(averaged->data, first->ema->average[0], ROWS * COLUMNS));
    CU_ASSERT(!same_numbers(averaged->data, first->params->tensor[0]->value, ROWS * COLUMNS));
    CU_ASSERT(same_numbers(plain->data, second->params->tensor[0]->value, 5));
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(file, "family"), "toy");
    CU_ASSERT_PTR_NOT_NULL(strstr(safetensors_metadata(file, "layout"), "[in, out]"));
    Model *read = model_make(ROWS, 100);
    checkpoint_load_weights(read, place.weights);
    CU_ASSERT(same_numbers(read->part[0].params->tensor[0]->value, averaged->data, ROWS * COLUMNS));
    CU_ASSERT(same_numbers(read->part[0].ema->average[0], averaged->data, ROWS * COLUMNS));
    model_free(read);
    safetensors_free(file);
    place_remove(&place);
}

static void test_not_finite(void)
{
    Model *model = model_trained();
    CU_ASSERT_PTR_NULL(checkpoint_not_finite(model));
    model->part[1].params->tensor[0]->value[4] = (real)INFINITY;
    CU_ASSERT_STRING_EQUAL(checkpoint_not_finite(model), "w");
    model->part[0].params->tensor[1]->value[1] = (real)NAN;
    CU_ASSERT_STRING_EQUAL(checkpoint_not_finite(model), "scale");
    model_free(model);
}

/* ---------------------------------------------------------------- refused */

typedef struct Load {
    const char *path;
    int rows;
    const Family *family;
    bool weights;
} Load;

static void load(void *context)
{
    const Load *load = context;
    Model *model = model_make(load->rows, 0);
    model->family = load->family;
    if (load->weights)
        checkpoint_load_weights(model, load->path);
    else
        checkpoint_load(model, load->path);
    model_free(model);
}

/* One line that names the file and holds that piece. */
static bool refused(Load call, const char *piece)
{
    ChildResult result = child_run(load, &call);
    const char *end = strchr(result.text, '\n');
    return child_said(&result, 1, piece) && child_said(&result, 1, call.path) &&
           strncmp(result.text, "error: ", 7) == 0 && end != NULL && end[1] == '\0';
}

static void test_other_models(void)
{
    Place place = place_make();
    for (int weights = 0; weights < 2; weights++) {
        const char *path = weights ? place.weights : place.checkpoint;
        CU_ASSERT(refused((Load){path, ROWS, &other_family, weights},
                          "holds a model of the family 'toy', not 'other'"));
        CU_ASSERT(refused((Load){path, ROWS + 1, &family, weights},
                          "'first/w' is not [4, 4] of F32 as this model needs"));
    }
    CU_ASSERT(refused((Load){place.weights, ROWS, &family, false}, "has no 'ema/first/w'"));
    CU_ASSERT(refused((Load){place.folder, ROWS, &family, false}, "it is a folder, not a file"));
    place_remove(&place);
}

static void test_cut(void)
{
    Place place = place_make();
    size_t bytes;
    char *file = file_read(place.checkpoint, &bytes);
    const size_t sizes[] = {0, 7, 8, 100, bytes / 2, bytes - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CU_ASSERT_PTR_NULL(file_write(place.checkpoint, file, sizes[i]));
        CU_ASSERT(refused((Load){place.checkpoint, ROWS, &family, false},
                          "the file is cut, damaged or of another kind: delete it and use an "
                          "earlier checkpoint, or train again"));
    }
    free(file);
    place_remove(&place);
}

/* Writes the checkpoint again: without the entry of that name, or with another type (not
 * SAFETENSORS_TYPES), or under other metadata (not NULL). */
static void rewrite(const char *path, const char *name, SafetensorsType type, const char *key,
                    const char *text)
{
    static const char *const kept[] = {"family",
                                       "step",
                                       "steps",
                                       "seed",
                                       "threads",
                                       "updates/first",
                                       "ema-updates/first",
                                       "updates/second",
                                       "ema-updates/second"};
    Safetensors *file = safetensors_read(path);
    SafetensorsEntry entry[32];
    int count = 0;
    for (int i = 0; i < safetensors_count(file); i++) {
        entry[count] = *safetensors_entry(file, i);
        bool meant = strcmp(entry[count].name, name) == 0;
        if (meant && type != SAFETENSORS_TYPES)
            entry[count].type = type;
        count += !meant || type != SAFETENSORS_TYPES;
    }
    cJSON *metadata = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *value = strcmp(kept[i], key) == 0 ? text : safetensors_metadata(file, kept[i]);
        if (value != NULL)
            cJSON_AddStringToObject(metadata, kept[i], value);
    }
    CU_ASSERT_PTR_NULL(safetensors_write(path, entry, count, metadata, NULL, NULL));
    cJSON_Delete(metadata);
    safetensors_free(file);
}

static void test_damaged(void)
{
    static const struct {
        const char *name;
        SafetensorsType type;
        const char *key, *text, *line;
    } cases[] = {
        {"second/w", SAFETENSORS_TYPES, "", NULL, "has no 'second/w'; the model was made with"},
        {"ema/first/scale", SAFETENSORS_TYPES, "", NULL, "has no 'ema/first/scale'"},
        {"second/first/w", SAFETENSORS_TYPES, "", NULL, "has no 'second/first/w'"},
        {"first/w", SAFETENSORS_I32, "", NULL, "'first/w' is not [3, 4] of F32"},
        {"log/sums", SAFETENSORS_TYPES, "", NULL, "has no 'log/sums' of 13 numbers"},
        {"log/sums", SAFETENSORS_I64, "", NULL, "has no 'log/sums' of 13 numbers"},
        {"", SAFETENSORS_TYPES, "family", NULL, "family '(unnamed)', not 'toy'"},
        {"", SAFETENSORS_TYPES, "step", NULL, "no whole number 'step'"},
        {"", SAFETENSORS_TYPES, "steps", "", "no whole number 'steps'"},
        {"", SAFETENSORS_TYPES, "seed", "-1", "no whole number 'seed'"},
        {"", SAFETENSORS_TYPES, "threads", "2x", "no whole number 'threads'"},
        {"", SAFETENSORS_TYPES, "updates/second", "many", "no whole number 'updates/second'"},
        {"", SAFETENSORS_TYPES, "ema-updates/first", NULL, "no whole number 'ema-updates/first'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Place place = place_make();
        rewrite(place.checkpoint, cases[i].name, cases[i].type, cases[i].key, cases[i].text);
        CU_ASSERT(refused((Load){place.checkpoint, ROWS, &family, false}, cases[i].line));
        place_remove(&place);
    }
    Place place =
        place_make(); /* rewritten as it was, it is good: the cases fail for their reason */
    rewrite(place.checkpoint, "", SAFETENSORS_TYPES, "", NULL);
    Model *read = model_make(ROWS, 100);
    checkpoint_load(read, place.checkpoint);
    CU_ASSERT(models_same(place.model, read));
    model_free(read);
    place_remove(&place);
}

/* ---------------------------------------------------------------- a full disk */

/* Saves another state while no file may grow beyond 600 bytes. */
static void save_on_full_disk(void *context)
{
    const Place *place = context;
    const struct rlimit limit = {600, 600};
    CheckpointState state = place->state;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    state.step = 9;
    const char *reason = checkpoint_save(place->model, &state, place->checkpoint, NULL, NULL);
    printf("checkpoint: %s\n", reason != NULL ? reason : "saved");
    reason = checkpoint_save_weights(place->model, place->weights);
    printf("weights: %s\n", reason != NULL ? reason : "saved");
}

static void test_full_disk(void)
{
    Place place = place_make();
    ChildResult result = child_run(save_on_full_disk, &place);
    CU_ASSERT(child_said(&result, 0, "checkpoint: File too large\n"));
    Model *read = model_make(ROWS, 100);
    CheckpointState state = checkpoint_load(read, place.checkpoint);
    CU_ASSERT_EQUAL(state.step, 3);
    CU_ASSERT(models_same(place.model, read));
    char *part = memory_format("%s.part", place.checkpoint);
    CU_ASSERT(!file_exists(part)); /* what was written of the new one takes no room */
    free(part);
    model_free(read);
    place_remove(&place);
}

const Suite suite = {"train/checkpoint",
                     {{"round trip", test_round_trip},
                      {"equal models, equal bytes", test_saving_twice},
                      {"the weights file holds the average", test_weights},
                      {"weights that are not finite", test_not_finite},
                      {"other models", test_other_models},
                      {"cut files", test_cut},
                      {"damaged files", test_damaged},
                      {"a full disk", test_full_disk},
                      {NULL, NULL}}};
