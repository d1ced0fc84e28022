/* Options, their defaults, the tokens of a text, and a new network. */
#include "06-transformer/gpt_points.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec gpt_options[] = {
    {"layers", OPTION_INT, NULL, "N", "transformer blocks", 1, GPT_MOST_BLOCKS, NULL},
    {"width", OPTION_INT, NULL, "N", "numbers a position", 1, 4096, NULL},
    {"heads", OPTION_INT, NULL, "N", "of attention; they divide the width", 1, 64, NULL},
    {"context", OPTION_INT, NULL, "N",
     "tokens that are seen at most (texts; default for lines: the longest)", 1, 8192, NULL},
    {"tokens", OPTION_CHOICE, NULL, "NAME", "what a text is read as", 0, 0,
     "characters|words|bytes|pairs"},
    {"vocabulary", OPTION_INT, "1000", "N", "tokens of --tokens pairs", 256, TOKENS_MOST, NULL},
    {"objective", OPTION_CHOICE, "next", "NAME",
     "next: each token from those before it; masked: hidden ones from all others", 0, 0,
     "next|masked"},
    {"positions", OPTION_CHOICE, NULL, "NAME", "how the network knows them", 0, 0,
     "learned|rotary"},
    {"tied", OPTION_FLAG, NULL, NULL, "one table of symbols for input and output", 0, 0, NULL},
    {"dropout", OPTION_REAL, NULL, "RATE", "share of each block's changes that is left out", 0,
     0.99, NULL},
    {"row-hidden", OPTION_INTS, "512", "N,N...",
     "hidden layers of the network within a row (images)", 1, 65536, NULL},
    {"cells", OPTION_INT, "256", "N", "that each coordinate is cut into (points)", 2,
     GPT_MOST_CELLS, NULL},
    {"jitter", OPTION_REAL, "1", "SD", "noise on training points, in cells (points)", 0, 100, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void put(Options *o, const char *name, const char *value)
{
    options_put(o, name, value, "the chapter's defaults");
}

static void defaults_of_images(Options *o, const Dataset *data)
{
    bool small = data->dims < 100;
    put(o, "layers", small ? "2" : "4");
    put(o, "width", small ? "32" : "128");
    put(o, "heads", "4");
    put(o, "dropout", small ? "0" : "0.1");
    put(o, "batch", small ? "100" : "50");
    put(o, "lr", "2e-3");
    put(o, "positions", "learned");
    put(o, "steps", small ? "3000" : data->count[SPLIT_TRAIN] > 50000 ? "14000" : "5000");
    put(o, "lr-warmup", "200");
}

/* Chosen on validation text: on Shakespeare rotary positions are far quicker than learned ones
 * (1.81 nats a character after 350 steps against 2.14 after 400), and 4e-3 is no better than 2e-3.
 * Of texts drawn by code the held-out loss stays beside the training's without dropout. */
static void defaults_of_texts(Options *o, const Text *text)
{
    bool drawn = text->log_prob != NULL, small = text->first[SPLIT_VALIDATION] < 200000;
    put(o, "tokens", tokens_kind_name(text->suits));
    put(o, "layers", "4");
    put(o, "width", text->lines ? "64" : "128");
    put(o, "heads", "4");
    if (!text->lines)
        put(o, "context", "128");
    put(o, "dropout", drawn ? "0" : text->lines ? "0.2" : "0.1");
    put(o, "positions", "rotary");
    put(o, "batch", text->lines ? "64" : "16");
    put(o, "lr", "2e-3");
    put(o, "steps", !text->lines ? "4200" : !drawn ? "21000" : small ? "10000" : "3000");
    put(o, "lr-warmup", "100");
}

void gpt_defaults(Options *o, const Dataset *data)
{
    if (data->text != NULL)
        defaults_of_texts(o, data->text);
    else if (data->kind == DATA_POINTS)
        gpt_points_defaults(o);
    else
        defaults_of_images(o, data);
    put(o, "optimizer", "adamw");
    put(o, "beta2", "0.99");
    put(o, "weight-decay", "0.1");
    put(o, "clip", "1");
}

/* A text becomes tokens. */
void gpt_prepare(const Options *o, Dataset *data)
{
    Text *text = data->text;
    gpt_points_check(o, data);
    if (text == NULL)
        return;
    TokensKind kind = (TokensKind)options_choice(o, "tokens");
    int context = options_set(o, "context") ? (int)options_int(o, "context") : 0;
    if (!text->lines && context == 0)
        refuse_usage("--context: a running text needs one");
    Tokens *tokens = tokens_create(kind, (int)options_int(o, "vocabulary"), text->byte, text->bytes,
                                   text->first[SPLIT_VALIDATION], data->name);
    text_cut(data, tokens, context);
}

/* ---------------------------------------------------------------- the network */

static void normal_weights(Tensor *weight, double sd, Rng *rng)
{
    rng_normal(rng, weight->value, weight->size);
    for (size_t i = 0; i < weight->size; i++)
        weight->value[i] *= (real)sd;
}

/* The two layers that add to the residual stream start smaller, so that what 2 x blocks of them add
 * does not grow with their number. Source: Radford et al. (2019), "Language models are unsupervised
 * multitask learners", sec. 2.3. */
static void start_small(Tensor *weight, int blocks)
{
    const real factor = (real)(1 / sqrt(2.0 * blocks));
    for (size_t i = 0; i < weight->size; i++)
        weight->value[i] *= factor;
}

static void create_blocks(Gpt *gpt, Params *params, const Options *o, Rng *rng)
{
    bool rotary = strcmp(options_text(o, "positions"), "rotary") == 0;
    if (gpt->width % gpt->heads != 0)
        refuse_usage("--heads %d: they must divide --width %d", gpt->heads, gpt->width);
    if (rotary && gpt->width / gpt->heads % 2 != 0)
        refuse_usage(
            "--positions rotary: turns pairs of numbers, but a head has %d; choose an even "
            "--width / --heads",
            gpt->width / gpt->heads);
    if (!rotary) {
        gpt->position = params_weight(params, "position", 2, (int[]){gpt->context, gpt->width});
        normal_weights(gpt->position, 0.02, rng);
    }
    for (int i = 0; i < gpt->blocks; i++) {
        char *name = memory_format("block%d", i);
        gpt->block[i] = transformer_block_create(params, name, gpt->width, gpt->heads, rng);
        gpt->block[i].rotary = rotary;
        start_small(gpt->block[i].projection.weight, gpt->blocks);
        start_small(gpt->block[i].narrow.weight, gpt->blocks);
        free(name);
    }
    gpt->norm = layer_norm_create(params, "norm", gpt->width);
}

static void create_text(Gpt *gpt, Params *params, const Options *o, const Dataset *data, Rng *rng)
{
    int hidden_token = gpt->objective == GPT_MASKED ? 1 : 0;
    gpt->text = data->text;
    gpt->tokens = data->text->tokens;
    gpt->vocabulary = gpt->tokens->count;
    gpt->context = data->dims - 1;
    gpt->symbol =
        embedding_create(params, "symbol", gpt->vocabulary + hidden_token, gpt->width, rng);
    if (!options_flag(o, "tied")) {
        gpt->out = linear_create(params, "out", gpt->width, gpt->vocabulary, ACTIVATION_NONE, rng);
        normal_weights(gpt->out.weight, 0.02, rng);
    }
}

/* The network within a row, as in MADE: a unit with m sees the first m pixels, pixel j sees units
 * with m <= j. What is told of the rows above is seen by all of them. */
static void create_row_network(Gpt *gpt, Params *params, const Options *o, Rng *rng)
{
    int hidden[OPTIONS_MOST_INTS], in = gpt->row + gpt->width, widest = in;
    gpt->row_layers = options_ints(o, "row-hidden", hidden);
    for (int i = 0; i < gpt->row_layers; i++)
        widest = hidden[i] > widest ? hidden[i] : widest;
    int *from = memory_new((size_t)widest, sizeof *from),
        *to = memory_new((size_t)widest, sizeof *to);
    for (int j = 0; j < in; j++)
        from[j] = j < gpt->row ? j : -1;
    for (int i = 0; i < gpt->row_layers; i++) {
        char *name = memory_format("row%d", i);
        for (int k = 0; k < hidden[i]; k++)
            to[k] = (int)((long)k * gpt->row / hidden[i]);
        gpt->row_hidden[i] =
            masked_create(params, name, from, in, to, hidden[i], ACTIVATION_RELU, rng);
        in = hidden[i];
        for (int k = 0; k < in; k++)
            from[k] = to[k] - 1;
        free(name);
    }
    for (int j = 0; j < gpt->row; j++)
        to[j] = j;
    gpt->row_out = masked_create(params, "row_out", from, in, to, gpt->row, ACTIVATION_NONE, rng);
    free(from);
    free(to);
}

static void create_images(Gpt *gpt, Params *params, const Options *o, const Dataset *data, Rng *rng)
{
    if (gpt->objective == GPT_MASKED)
        refuse_usage("--objective masked: is for texts; leave it out for images");
    gpt->context = data->height;
    gpt->row = data->width;
    gpt->row_in = linear_create(params, "row_in", gpt->row, gpt->width, ACTIVATION_NONE, rng);
    create_row_network(gpt, params, o, rng);
}

Model *gpt_create(const Options *o, const Dataset *data, uint64_t seed)
{
    Gpt *gpt = memory_new(1, sizeof *gpt);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    gpt->model.family = &gpt_family;
    gpt->objective = (GptObjective)options_choice(o, "objective");
    gpt->width = (int)options_int(o, "width");
    gpt->blocks = (int)options_int(o, "layers");
    gpt->heads = (int)options_int(o, "heads");
    gpt->dropout = (real)options_real(o, "dropout");
    if (data->text != NULL)
        create_text(gpt, params, o, data, &rng);
    else if (data->kind == DATA_POINTS)
        gpt_points_create(gpt, params, o, data, &rng);
    else
        create_images(gpt, params, o, data, &rng);
    create_blocks(gpt, params, o, &rng);
    model_add_part(&gpt->model, "gpt", params, family_optimizer_rule(o), options_real(o, "ema"));
    return &gpt->model;
}

void gpt_destroy(Model *model)
{
    Gpt *gpt = (Gpt *)model;
    for (int i = 0; i < gpt->row_layers; i++)
        masked_free(&gpt->row_hidden[i]);
    masked_free(&gpt->row_out);
    model_free_parts(model);
    free(model);
}
