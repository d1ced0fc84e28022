#include "support/options.h"

#include "support/fail.h"
#include "support/memory.h"
#include "support/options_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

Option *option_find(const Options *options, const char *name)
{
    for (int i = 0; i < options->count; i++)
        if (strcmp(options->option[i].spec->name, name) == 0)
            return &options->option[i];
    return NULL;
}

/* The mistakes that a table can hold. */
static void spec_check(const OptionSpec *spec)
{
    bool ranged =
        spec->kind == OPTION_INT || spec->kind == OPTION_REAL || spec->kind == OPTION_INTS;
    if (ranged && !(spec->least < spec->most))
        fail("option '--%s': its range is from %g to %g; least must be below most (INFINITY: no "
             "bound)",
             spec->name, spec->least, spec->most);
    if (spec->kind == OPTION_INTS && (spec->least < INT_MIN || spec->most > INT_MAX))
        fail("option '--%s': its range is from %g to %g; a list holds ints", spec->name,
             spec->least, spec->most);
    if (spec->kind == OPTION_CHOICE && (spec->choices == NULL || spec->choices[0] == '\0'))
        fail("option '--%s': a CHOICE without choices", spec->name);
    if (spec->kind == OPTION_FLAG && spec->initial != NULL)
        fail("option '--%s': a flag has no default, it is off", spec->name);
}

static void option_add(Options *options, const OptionSpec *spec, int table)
{
    if (option_find(options, spec->name) != NULL || strcmp(spec->name, "help") == 0)
        fail("option '--%s' is in the tables twice", spec->name);
    spec_check(spec);
    Option *option = &options->option[options->count++];
    *option = (Option){.spec = spec, .table = table};
    const char *initial = spec->kind == OPTION_FLAG ? "false" : spec->initial;
    char *wrong = option_assign(option, initial);
    if (wrong != NULL)
        fail("option '--%s': its default %s", spec->name, wrong);
}

Options *options_parse(const char *program, const char *purpose, const OptionSpec *const *tables,
                       int argc, char **argv)
{
    size_t count = 0;
    for (int table = 0; tables[table] != NULL; table++)
        for (const OptionSpec *spec = tables[table]; spec->name != NULL; spec++)
            count++;
    Options *options = memory_new(1, sizeof *options);
    options->option = memory_new(count, sizeof *options->option);
    for (int table = 0; tables[table] != NULL; table++)
        for (const OptionSpec *spec = tables[table]; spec->name != NULL; spec++)
            option_add(options, spec, table);
    options_read_line(options, program, purpose, argc, argv);
    return options;
}

void options_free(Options *options)
{
    if (options == NULL)
        return;
    for (int i = 0; i < options->count; i++)
        free(options->option[i].text);
    free(options->option);
    free(options);
}

static Option *option_named(const Options *options, const char *name)
{
    Option *option = option_find(options, name);
    if (option == NULL)
        fail("options: no table has '--%s'", name);
    return option;
}

/* The option of that name, which must be of one of two kinds and, unless it may be missing, have a
 * value. */
static const Option *option_of_kind(const Options *options, const char *name, OptionKind kind,
                                    OptionKind other)
{
    static const char *const kind_name[] = {
        [OPTION_FLAG] = "FLAG", [OPTION_INT] = "INT",       [OPTION_REAL] = "REAL",
        [OPTION_TEXT] = "TEXT", [OPTION_CHOICE] = "CHOICE", [OPTION_INTS] = "INTS"};
    const Option *option = option_named(options, name);
    OptionKind is = option->spec->kind;
    if (is != kind && is != other)
        fail("options: '--%s' is asked for as %s, but is %s", name, kind_name[kind], kind_name[is]);
    if (option->text == NULL && is != OPTION_TEXT && is != OPTION_CHOICE)
        fail("options: '--%s' has no value; ask options_set first", name);
    return option;
}

bool options_flag(const Options *options, const char *name)
{
    const Option *option = option_of_kind(options, name, OPTION_FLAG, OPTION_FLAG);
    return strcmp(option->text, "true") == 0;
}

long options_int(const Options *options, const char *name)
{
    return option_of_kind(options, name, OPTION_INT, OPTION_INT)->integer;
}

double options_real(const Options *options, const char *name)
{
    return option_of_kind(options, name, OPTION_REAL, OPTION_REAL)->number;
}

const char *options_text(const Options *options, const char *name)
{
    return option_of_kind(options, name, OPTION_TEXT, OPTION_CHOICE)->text;
}

int options_choice(const Options *options, const char *name)
{
    const Option *option = option_of_kind(options, name, OPTION_CHOICE, OPTION_CHOICE);
    if (option->text == NULL)
        fail("options: '--%s' has no value; ask options_set first", name);
    char **choice = option_choices(option->spec), *letters = choice[0];
    int number = 0;
    while (strcmp(choice[number], option->text) != 0) /* option_assign let only these in */
        number++;
    free(letters);
    free(choice);
    return number;
}

int options_ints(const Options *options, const char *name, int values[OPTIONS_MOST_INTS])
{
    const Option *option = option_of_kind(options, name, OPTION_INTS, OPTION_INTS);
    memcpy(values, option->ints, sizeof option->ints);
    return option->int_count;
}

bool options_set(const Options *options, const char *name)
{
    return option_named(options, name)->text != NULL;
}

bool options_typed(const Options *options, const char *name)
{
    return option_named(options, name)->typed;
}

bool options_known(const Options *options, const char *name)
{
    return option_find(options, name) != NULL;
}

void options_put(Options *options, const char *name, const char *value, const char *from)
{
    Option *option = option_named(options, name);
    if (option->typed)
        return;
    if (value == NULL && option->spec->kind == OPTION_FLAG)
        value = "false";
    char *wrong = option_assign(option, value);
    if (wrong != NULL)
        refuse("%s: option '%s': %s", from, name, wrong);
}

static cJSON *option_to_json(const Option *option)
{
    if (option->text == NULL)
        return cJSON_CreateNull();
    switch (option->spec->kind) {
    case OPTION_FLAG:
        return cJSON_CreateBool(strcmp(option->text, "true") == 0);
    case OPTION_INT:
        return cJSON_CreateNumber((double)option->integer);
    case OPTION_REAL:
        return cJSON_CreateNumber(option->number);
    case OPTION_INTS:
        return cJSON_CreateIntArray(option->ints, option->int_count);
    case OPTION_TEXT:
    case OPTION_CHOICE:
        break;
    }
    return cJSON_CreateString(option->text);
}

cJSON *options_to_json(const Options *options)
{
    cJSON *object = cJSON_CreateObject();
    for (int i = 0; i < options->count; i++) {
        const Option *option = &options->option[i];
        cJSON_AddItemToObject(object, option->spec->name, option_to_json(option));
    }
    return object;
}

cJSON *options_some_to_json(const Options *options, const OptionSpec *specs)
{
    cJSON *object = cJSON_CreateObject();
    for (; specs->name != NULL; specs++) {
        const Option *option = option_find(options, specs->name);
        if (option != NULL)
            cJSON_AddItemToObject(object, specs->name, option_to_json(option));
    }
    return object;
}

/* A JSON value as one would type it, or NULL when it is none that an option can have. Free with
 * free(). */
static char *typed_text(const cJSON *item)
{
    if (cJSON_IsString(item))
        return memory_text(item->valuestring);
    if (cJSON_IsBool(item))
        return memory_text(cJSON_IsTrue(item) ? "true" : "false");
    if (cJSON_IsNumber(item))
        return memory_format("%.15g", item->valuedouble);
    if (!cJSON_IsArray(item))
        return NULL;
    char *list = memory_text("");
    const cJSON *element = NULL;
    cJSON_ArrayForEach(element, item)
    {
        char *text = cJSON_IsNumber(element) ? typed_text(element) : memory_text("?");
        char *longer = memory_format("%s%s%s", list, *list == '\0' ? "" : ",", text);
        free(text);
        free(list);
        list = longer;
    }
    return list;
}

void options_from_json(Options *options, const cJSON *object, const char *from)
{
    if (!cJSON_IsObject(object))
        refuse("%s: its options are not a JSON object; delete the file and make it again", from);
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        if (!options_known(options, item->string))
            continue;
        char *text = typed_text(item);
        if (text == NULL && !cJSON_IsNull(item))
            refuse("%s: option '%s' is an object; it must be a number, a text, true, false, null "
                   "or a list",
                   from, item->string);
        options_put(options, item->string, text, from);
        free(text);
    }
}
