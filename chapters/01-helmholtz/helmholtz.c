/* The two networks: what is drawn from them, and how probable it is. */
#include "01-helmholtz/helmholtz.h"

#include "prob/bernoulli.h"

Tensor *helmholtz_top_logits(const Helmholtz *machine, int n)
{
    int width = machine->width[machine->layers - 1];
    return tensor_broadcast(machine->top, 2, (int[]){n, width});
}

Tensor *helmholtz_generative_logits(const Helmholtz *machine, int l, Tensor *above)
{
    return linear_forward(&machine->generative[l], above);
}

Tensor *helmholtz_recognition_logits(const Helmholtz *machine, int l, Tensor *below)
{
    if (l == 0 && machine->features.weight != NULL)
        below = linear_forward(&machine->features, below);
    return linear_forward(&machine->recognition[l], below);
}

/* The logits of q's units, each given the units before it in h. */
static Tensor *logits_in_order(const Helmholtz *machine, int l, Tensor *logits, Tensor *h)
{
    const Masked *lateral = &machine->lateral[l];
    return lateral->linear.weight == NULL ? logits : tensor_add(logits, masked_forward(lateral, h));
}

static Tensor *recognition_sample(const Helmholtz *machine, int l, Tensor *logits, Rng *noise)
{
    const Tensor *lateral = machine->lateral[l].linear.weight;
    return lateral == NULL ? bernoulli_sample(logits, noise)
                           : bernoulli_sample_in_order(logits, lateral, noise);
}

States helmholtz_infer(const Helmholtz *machine, Tensor *x, int k, Rng *noise, Tensor **log_q)
{
    States states = {.layer = {x}, .k = k};
    for (int l = 0; l < machine->layers; l++) {
        Tensor *logits = helmholtz_recognition_logits(machine, l, states.layer[l]);
        if (l == 0 && k > 1)
            logits = tensor_repeat_rows(logits, k);
        Tensor *h = recognition_sample(machine, l, logits, noise);
        states.layer[l + 1] = h;
        Tensor *log_q_l = bernoulli_log_prob(h, logits_in_order(machine, l, logits, h));
        *log_q = l == 0 ? log_q_l : tensor_add(*log_q, log_q_l);
    }
    return states;
}

void helmholtz_descend(const Helmholtz *machine, States *states, int l, Rng *noise)
{
    Tape *tape = states->layer[l]->tape;
    bool recording = tape_record(tape, false);
    for (; l > 0; l--) {
        Tensor *logits = helmholtz_generative_logits(machine, l - 1, states->layer[l]);
        states->layer[l - 1] = bernoulli_sample(logits, noise);
    }
    tape_record(tape, recording);
}

States helmholtz_dream(const Helmholtz *machine, Tape *tape, int n, Rng *noise)
{
    States states = {.k = 1};
    int top = machine->layers;
    bool recording = tape_record(tape, false);
    Tensor *logits = tensor_new_matrix(tape, n, machine->width[top - 1]);
    for (size_t i = 0; i < logits->size; i++)
        logits->value[i] = machine->top->value[i % machine->top->size];
    states.layer[top] = bernoulli_sample(logits, noise);
    helmholtz_descend(machine, &states, top, noise);
    tape_record(tape, recording);
    return states;
}

Tensor *helmholtz_log_prior(const Helmholtz *machine, const States *states)
{
    int top = machine->layers;
    Tensor *h = states->layer[top];
    Tensor *log_p = bernoulli_log_prob(h, helmholtz_top_logits(machine, tensor_rows(h)));
    for (int l = top - 1; l > 0; l--) {
        Tensor *logits = helmholtz_generative_logits(machine, l, states->layer[l + 1]);
        log_p = tensor_add(log_p, bernoulli_log_prob(states->layer[l], logits));
    }
    return log_p;
}

Tensor *helmholtz_log_data(const Helmholtz *machine, const States *states)
{
    Tensor *logits = helmholtz_generative_logits(machine, 0, states->layer[1]);
    return bernoulli_log_prob(states->layer[0], logits);
}

Tensor *helmholtz_log_joint(const Helmholtz *machine, const States *states)
{
    return tensor_add(helmholtz_log_prior(machine, states), helmholtz_log_data(machine, states));
}

Tensor *helmholtz_log_recognition(const Helmholtz *machine, const States *states)
{
    Tensor *log_q = NULL;
    for (int l = 0; l < machine->layers; l++) {
        Tensor *logits = helmholtz_recognition_logits(machine, l, states->layer[l]);
        if (l == 0 && states->k > 1)
            logits = tensor_repeat_rows(logits, states->k);
        Tensor *h = states->layer[l + 1];
        Tensor *log_q_l = bernoulli_log_prob(h, logits_in_order(machine, l, logits, h));
        log_q = log_q == NULL ? log_q_l : tensor_add(log_q, log_q_l);
    }
    return log_q;
}
