/* The program's commands beside train. Words come first, then options: draw "a red circle" --n 16.
 */
#ifndef CLIP_LDM_COMMANDS_H
#define CLIP_LDM_COMMANDS_H

#include "07-clip-ldm/painter.h"
#include "support/options.h"

/* What every command but train is given. */
typedef struct Call {
    const Options *options; /* its own and those that all share (--run, --threads, --quiet) */
    char *const *word;      /* what stood before the options                                 */
    int words;
    const char *dir; /* --run                                                          */
} Call;

typedef struct LdmCommand {
    const char *name, *help;
    const char *words; /* for usage: "SENTENCE"; NULL: none */
    int least, most;   /* how many words                */
    const OptionSpec *options;
    void (*run)(const Call *call);
} LdmCommand;

extern const LdmCommand command_eval, command_draw, command_edit, command_vary, command_rank,
    command_unseen, command_guidance, command_binding, command_space, command_denoise,
    command_generations, command_sliders;

/* --guidance and --steps of the commands that draw: for option tables. */
#define DRAW_OPTIONS                                                                               \
    {                                                                                              \
        "guidance",                                                                                \
        OPTION_REAL,                                                                               \
        "1.5",                                                                                     \
        "W",                                                                                       \
        "how much the sentence counts; 0: the conditional model",                                  \
        0,                                                                                         \
        100,                                                                                       \
        NULL},                                                                                     \
        {"steps", OPTION_INT, "50", "N", "of the sampler", 1, 1000, NULL},                         \
    {                                                                                              \
        "seed", OPTION_INT, "1", "N", "of the noise", 0, 1e15, NULL                                \
    }

#endif
