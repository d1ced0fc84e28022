/* What a user may get wrong about a family's options: one clear line each. */
#ifndef CHAPTERS_OPTION_LINES_H
#define CHAPTERS_OPTION_LINES_H

#include "train/run_child.h"

/* A model made of these data with these words ends so; says "": it is made. */
typedef struct OptionLine {
    const Family *family;
    const char *data, *words;
    int status;
    const char *says;
} OptionLine;

static inline void option_line_make(void *context)
{
    const OptionLine *line = context;
    Dataset *data = dataset_load(line->data);
    Options *options = run_parse_of(line->family, "unused", line->words);
    line->family->defaults(options, data);
    family_prepare(line->family, options, data);
    Model *model = line->family->create(options, data, 1);
    line->family->destroy(model);
    options_free(options);
    dataset_free(data);
}

static inline void option_lines_check(const OptionLine *line, size_t lines)
{
    for (size_t i = 0; i < lines; i++) {
        OptionLine one = line[i];
        ChildResult result = child_run(option_line_make, &one);
        CU_ASSERT(child_said(&result, one.status, one.says));
    }
}

#endif
