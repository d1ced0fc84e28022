/* Commands of the chapter alone. */
#ifndef GPT_COMMANDS_H
#define GPT_COMMANDS_H

#include "06-transformer/gpt.h"

extern const OptionSpec gpt_look_options[], gpt_chat_options[], gpt_cache_options[],
    gpt_induction_options[], gpt_scaling_options[];

void gpt_look_command(Model *model, const Task *task);
void gpt_chat_command(Model *model, const Task *task);
void gpt_cache_command(Model *model, const Task *task);
void gpt_induction_command(Model *model, const Task *task);
void gpt_scaling_command(Model *model, const Task *task);

#endif
