/* Temperature: the softmax of the next token's scores is the Boltzmann distribution. */
#ifndef GPT_TEMPERATURE_H
#define GPT_TEMPERATURE_H

#include "06-transformer/gpt.h"

/* Figure "temperature": the mean entropy of the next token over held-out positions at each
 * temperature, between 0 and the logarithm of the vocabulary. */
void gpt_temperature_figure(Gpt *gpt, const Task *task);

/* The command `temperature`: the figure, and a text at each of some temperatures. */
extern const OptionSpec gpt_temperature_options[];
void gpt_temperature_command(Model *model, const Task *task);

#endif
