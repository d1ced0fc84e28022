/* The family: one training step, the held-out loss, what the other files give. */
#include "06-transformer/gpt_points.h"

#include "tensor/op.h"

/* Nats a token: the mean over the tokens that are asked for; or nats an image, or a point. */
static Tensor *loss_of(const Gpt *gpt, Tensor *x, Rng *noise, Rng *dropout)
{
    if (gpt->edges != NULL)
        return tensor_scale(tensor_mean(gpt_points_log_prob(gpt, x, dropout)), (real)-gpt->context);
    if (gpt->tokens == NULL)
        return tensor_neg(tensor_mean(gpt_rows_log_prob(gpt, x, dropout)));
    GptBatch batch =
        gpt->objective == GPT_NEXT ? gpt_batch_next(x) : gpt_batch_masked(gpt, x, noise);
    return tensor_mean(gpt_neg_log_prob(gpt, &batch, dropout));
}

static void train_step(Model *model, Step *step, double *logged)
{
    const Gpt *gpt = (const Gpt *)model;
    if (gpt->edges != NULL)
        gpt_points_move(gpt, step->x, &step->noise);
    Tensor *loss = loss_of(gpt, step->x, &step->noise, &step->noise);
    tape_backward(loss);
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    logged[0] = (double)tensor_item(loss);
}

static double mean_loss(Model *model, Tensor *part, Rng *noise)
{
    return (double)tensor_item(loss_of((const Gpt *)model, part, noise, NULL));
}

/* Of texts some of the examples at hand, spread evenly: all of a long context would cost as much as
 * the training between two looks. */
static double validate(Model *model, Tensor *x, Rng noise)
{
    enum { TOKENS = 16384 };
    if (((const Gpt *)model)->tokens == NULL)
        return family_mean_in_parts(model, x, noise, mean_loss);
    int all = tensor_rows(x), per_row = x->shape[1] - 1;
    int wanted = TOKENS / per_row > 1 ? TOKENS / per_row : 1;
    if (all <= wanted)
        return family_mean_in_parts(model, x, noise, mean_loss);
    int *index = op_memory(x, (size_t)wanted, sizeof *index);
    for (int i = 0; i < wanted; i++)
        index[i] = (int)((long)i * all / wanted);
    return family_mean_in_parts(model, tensor_gather(x, index, wanted), noise, mean_loss);
}

static const char *const columns[] = {"neg_log_prob", NULL};

const Family gpt_family = {
    .name = "transformer",
    .purpose = "A tiny transformer (Vaswani et al. 2017) that learns texts token by token, "
               "binary images row by row, and points coordinate by coordinate, with exact "
               "likelihood.",
    .data_kinds = DATA_BINARY | DATA_TOKENS | DATA_POINTS,
    .data = "arithmetic",
    .options = gpt_options,
    .eval_options = gpt_eval_options,
    .quick_eval = gpt_quick_eval,
    .sample_options = gpt_sample_options,
    .loss_unit = "nats a token, an image or a point",
    .validates_nats = true,
    .columns = columns,
    .commands = gpt_commands,
    .offers = gpt_offers,
    .defaults = gpt_defaults,
    .prepare = gpt_prepare,
    .create = gpt_create,
    .destroy = gpt_destroy,
    .train_step = train_step,
    .validate = validate,
    .evaluate = gpt_evaluate,
    .sample = gpt_sample_rows,
    .sample_text = gpt_sample_text,
    .figures = gpt_figures,
};
