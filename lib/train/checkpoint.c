#include "train/checkpoint.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const LAYOUT =
    "row-major; linear weights [in, out]; convolutions [kh, kw, in, out]";

/* One stored array: where it lives in the model. */
typedef struct Slot {
    char *name;
    const Tensor *shape; /* whose shape it has */
    real *value;
} Slot;

typedef struct Slots {
    Slot *slot;
    int count;
} Slots;

static void add_slot(Slots *slots, const char *prefix, const Part *part, int i, real *value)
{
    const Tensor *weight = part->params->tensor[i];
    Slot *slot = &slots->slot[slots->count++];
    slot->name = memory_format("%s%s/%s", prefix, part->name, weight->name);
    slot->shape = weight;
    slot->value = value;
}

/* All arrays of a model; weights_only leaves out averages and moments. */
static Slots slots_of(const Model *model, bool weights_only)
{
    Slots slots = {0};
    int most = 0;
    for (int p = 0; p < model->parts; p++)
        most += 4 * model->part[p].params->count;
    slots.slot = memory_new((size_t)most, sizeof *slots.slot);
    for (int p = 0; p < model->parts; p++) {
        const Part *part = &model->part[p];
        for (int i = 0; i < part->params->count; i++) {
            add_slot(&slots, "", part, i, part->params->tensor[i]->value);
            if (weights_only)
                continue;
            if (part->ema != NULL)
                add_slot(&slots, "ema/", part, i, part->ema->average[i]);
            if (part->optimizer->first[i] != NULL)
                add_slot(&slots, "first/", part, i, part->optimizer->first[i]);
            if (part->optimizer->second[i] != NULL)
                add_slot(&slots, "second/", part, i, part->optimizer->second[i]);
        }
    }
    return slots;
}

static void slots_free(Slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        free(slots->slot[i].name);
    free(slots->slot);
}

static SafetensorsEntry entry_of(const Slot *slot)
{
    SafetensorsEntry entry = {.name = slot->name, .rank = slot->shape->rank, .data = slot->value};
    entry.type = sizeof(real) == sizeof(float) ? SAFETENSORS_F32 : SAFETENSORS_F64;
    for (int i = 0; i < entry.rank; i++)
        entry.shape[i] = slot->shape->shape[i];
    return entry;
}

static void put_number(cJSON *metadata, const char *key, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    cJSON_AddStringToObject(metadata, key, text);
}

static cJSON *metadata_of(const Model *model)
{
    cJSON *metadata = cJSON_CreateObject();
    cJSON_AddStringToObject(metadata, "family", model->family->name);
    cJSON_AddStringToObject(metadata, "layout", LAYOUT);
    return metadata;
}

static const char *save_slots(Slots *slots, const double *sums, int sums_count,
                              const cJSON *metadata, const char *path, FileStage at, void *context)
{
    SafetensorsEntry *entry = memory_new((size_t)slots->count + 1, sizeof *entry);
    int count = slots->count;
    for (int i = 0; i < count; i++)
        entry[i] = entry_of(&slots->slot[i]);
    if (sums != NULL)
        entry[count++] = (SafetensorsEntry){.name = "log/sums",
                                            .type = SAFETENSORS_F64,
                                            .rank = 1,
                                            .shape = {sums_count},
                                            .data = sums};
    const char *reason = safetensors_write(path, entry, count, metadata, at, context);
    free(entry);
    return reason;
}

const char *checkpoint_save(const Model *model, const CheckpointState *state, const char *path,
                            FileStage at, void *context)
{
    Slots slots = slots_of(model, false);
    cJSON *metadata = metadata_of(model);
    put_number(metadata, "step", state->step);
    put_number(metadata, "steps", state->steps);
    put_number(metadata, "seed", (long long)state->seed);
    put_number(metadata, "threads", state->threads);
    for (int p = 0; p < model->parts; p++) {
        const Part *part = &model->part[p];
        char *updates = memory_format("updates/%s", part->name);
        char *averaged = memory_format("ema-updates/%s", part->name);
        put_number(metadata, updates, part->optimizer->updates);
        put_number(metadata, averaged, part->ema != NULL ? part->ema->updates : 0);
        free(updates);
        free(averaged);
    }
    const char *reason =
        save_slots(&slots, state->sums, FAMILY_MOST_COLUMNS + 1, metadata, path, at, context);
    cJSON_Delete(metadata);
    slots_free(&slots);
    return reason;
}

const char *checkpoint_save_weights(Model *model, const char *path)
{
    model_swap_ema(model);
    Slots slots = slots_of(model, true);
    cJSON *metadata = metadata_of(model);
    const char *reason = save_slots(&slots, NULL, 0, metadata, path, NULL, NULL);
    cJSON_Delete(metadata);
    slots_free(&slots);
    model_swap_ema(model);
    return reason;
}

static void check_family(const Model *model, const Safetensors *file, const char *path)
{
    const char *family = safetensors_metadata(file, "family");
    if (family == NULL || strcmp(family, model->family->name) != 0)
        refuse("%s: holds a model of the family '%s', not '%s'; give the folder of a %s run", path,
               family == NULL ? "(unnamed)" : family, model->family->name, model->family->name);
}

/* Copies one array after checking type and shape. */
static void fill_slot(const Slot *slot, const Safetensors *file, const char *path)
{
    SafetensorsEntry want = entry_of(slot);
    const SafetensorsEntry *have = safetensors_find(file, slot->name);
    if (have == NULL)
        refuse("%s: has no '%s'; the model was made with other options (see config.json beside it)",
               path, slot->name);
    bool same = have->type == want.type && have->rank == want.rank;
    for (int i = 0; same && i < want.rank; i++)
        same = have->shape[i] == want.shape[i];
    if (!same) {
        char shape[TENSOR_SHAPE_TEXT];
        refuse("%s: '%s' is not %s of %s as this model needs; it was made with other options "
               "(see config.json beside it)",
               path, slot->name, tensor_shape_text(slot->shape, shape),
               safetensors_type_name(want.type));
    }
    memcpy(slot->value, have->data, slot->shape->size * sizeof(real));
}

static void load_slots(Model *model, const Safetensors *file, const char *path, bool weights_only)
{
    Slots slots = slots_of(model, weights_only);
    for (int i = 0; i < slots.count; i++)
        fill_slot(&slots.slot[i], file, path);
    slots_free(&slots);
    for (int p = 0; p < model->parts; p++)
        params_touch(model->part[p].params);
}

void checkpoint_load_weights(Model *model, const char *path)
{
    Safetensors *file = safetensors_read(path);
    check_family(model, file, path);
    load_slots(model, file, path, true);
    safetensors_free(file);
    for (int p = 0; p < model->parts; p++) { /* what is loaded are the averages */
        Part *part = &model->part[p];
        for (int i = 0; part->ema != NULL && i < part->params->count; i++)
            memcpy(part->ema->average[i], part->params->tensor[i]->value,
                   part->params->tensor[i]->size * sizeof(real));
    }
}

static long long number_of(const Safetensors *file, const char *path, const char *key)
{
    const char *text = safetensors_metadata(file, key);
    char *end = NULL;
    long long value = text != NULL ? strtoll(text, &end, 10) : 0;
    if (text == NULL || end == text || *end != '\0' || value < 0)
        refuse("%s: its metadata have no whole number '%s'; the file is no checkpoint of this "
               "laboratory",
               path, key);
    return value;
}

CheckpointState checkpoint_load(Model *model, const char *path)
{
    CheckpointState state = {0};
    Safetensors *file = safetensors_read(path);
    check_family(model, file, path);
    load_slots(model, file, path, false);
    state.step = (long)number_of(file, path, "step");
    state.steps = (long)number_of(file, path, "steps");
    state.seed = (uint64_t)number_of(file, path, "seed");
    state.threads = (int)number_of(file, path, "threads");
    for (int p = 0; p < model->parts; p++) {
        Part *part = &model->part[p];
        char *updates = memory_format("updates/%s", part->name);
        char *averaged = memory_format("ema-updates/%s", part->name);
        part->optimizer->updates = (long)number_of(file, path, updates);
        if (part->ema != NULL)
            part->ema->updates = (long)number_of(file, path, averaged);
        free(updates);
        free(averaged);
    }
    const SafetensorsEntry *sums = safetensors_find(file, "log/sums");
    if (sums == NULL || sums->type != SAFETENSORS_F64 || sums->rank != 1 ||
        sums->shape[0] != FAMILY_MOST_COLUMNS + 1)
        refuse("%s: has no 'log/sums' of %d numbers; it was written by another version", path,
               FAMILY_MOST_COLUMNS + 1);
    memcpy(state.sums, sums->data, sizeof state.sums);
    safetensors_free(file);
    return state;
}

const char *checkpoint_not_finite(const Model *model)
{
    for (int p = 0; p < model->parts; p++)
        for (int i = 0; i < model->part[p].params->count; i++) {
            const Tensor *weight = model->part[p].params->tensor[i];
            for (size_t j = 0; j < weight->size; j++)
                if (!isfinite(weight->value[j]))
                    return weight->name;
        }
    return NULL;
}
