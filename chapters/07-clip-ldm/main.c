/* bin/clip-ldm: from a sentence to a picture. */
#include "07-clip-ldm/commands.h"
#include "07-clip-ldm/stages.h"
#include "support/fail.h"
#include "support/memory.h"
#include "tensor/kernels.h"
#include "train/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const LdmCommand *const COMMANDS[] = {&command_eval,
                                             &command_draw,
                                             &command_edit,
                                             &command_vary,
                                             &command_rank,
                                             &command_unseen,
                                             &command_guidance,
                                             &command_binding,
                                             &command_space,
                                             &command_denoise,
                                             &command_generations,
                                             &command_sliders,
                                             NULL};

static const OptionSpec shared_options[] = {
    {"run", OPTION_TEXT, "runs/clip-ldm-shapes", "DIR", "folder of the run", 0, 0, NULL},
    {"threads", OPTION_INT, NULL, "N", "threads (default: one a core)", 1, 1024, NULL},
    {"quiet", OPTION_FLAG, NULL, NULL, "no progress", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void print_help(void)
{
    printf(
        "From a sentence to a picture: CLIP (Radford et al. 2021) and latent diffusion (Rombach et "
        "al. 2022), every part trained here.\n\nusage: bin/clip-ldm COMMAND [words] [options]    "
        "  bin/clip-ldm COMMAND --help\n\n");
    printf("  %-12s %-26s %s\n", "train", "",
           "CLIP, autoencoder and diffusion, one after the other");
    for (const LdmCommand *const *c = COMMANDS; *c != NULL; c++)
        printf("  %-12s %-26s %s\n", (*c)->name, (*c)->words != NULL ? (*c)->words : "",
               (*c)->help);
    printf("\nexample: bin/clip-ldm draw \"a big blue square at the bottom\" --guidance 3 --n 16 "
           "--seed 7 --out x.png\n");
}

static int train(int argc, char **argv)
{
    char *dir;
    int status = stages_train(argc, argv, &dir);
    if (dir != NULL)
        printf("\nthe run is in %s; next:\n  bin/clip-ldm eval --run %s\n"
               "  bin/clip-ldm draw \"a red circle at the top\" --run %s\n",
               dir, dir, dir);
    free(dir);
    return status;
}

/* Words stand between the command and the first option. */
static int run(const LdmCommand *command, int argc, char **argv)
{
    int words = 0;
    while (2 + words < argc && strncmp(argv[2 + words], "--", 2) != 0)
        words++;
    char *program =
        memory_format("clip-ldm %s%s%s", command->name, command->words != NULL ? " " : "",
                      command->words != NULL ? command->words : "");
    char **line = memory_new((size_t)argc + 1, sizeof *line);
    int count = 0;
    line[count++] = program;
    for (int i = 2 + words; i < argc; i++)
        line[count++] = argv[i];
    const OptionSpec *tables[] = {shared_options, command->options, NULL};
    Options *options = options_parse(program, command->help, tables, count, line);
    if (words < command->least || words > command->most)
        refuse_usage("%s: %d words before the options; usage: bin/%s [options] (put a sentence in "
                     "quotes, words before options)",
                     command->name, words, program);
    if (options_set(options, "threads"))
        kernels_set_threads((int)options_int(options, "threads"));
    Call call = {
        .options = options, .word = argv + 2, .words = words, .dir = options_text(options, "run")};
    command->run(&call);
    options_free(options);
    free(line);
    free(program);
    return 0;
}

int main(int argc, char **argv)
{
    app_spin_briefly(argv);
    const char *names[16] = {"train"};
    const char *word = argc > 1 ? argv[1] : "--help";
    int count = 1;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help();
        return argc > 1 ? 0 : 2;
    }
    if (strcmp(word, "train") == 0)
        return train(argc - 1, argv + 1);
    for (const LdmCommand *const *c = COMMANDS; *c != NULL; c++) {
        if (strcmp(word, (*c)->name) == 0)
            return run(*c, argc, argv);
        names[count++] = (*c)->name;
    }
    names[count] = NULL;
    const char *nearest = options_nearest(word, names);
    if (nearest != NULL)
        refuse_usage("unknown command '%s'; did you mean '%s'? See bin/clip-ldm --help", word,
                     nearest);
    refuse_usage("unknown command '%s'; see bin/clip-ldm --help", word);
}
