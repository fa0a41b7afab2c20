/* script.c -- a fresh interpreter with the standard builtins evaluates one text to its end. */
#include "repl/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interp/interaction.h"
#include "interp/print.h"
#include "stdlib/base.h"
#include "stdlib/stdlib.h"
#include "stdlib/system.h"

enum { READ_SIZE = 65536 };

typedef struct script {
    copse_vm *vm;
    cp_interaction *interaction;
    cp_serials *serials;
} script;

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s (warning)\n", text);
}

static bool open_script(script *s)
{
    *s = (script){NULL, NULL, NULL};
    s->vm = cp_vm_new(&(cp_vm_options){.heap = {.allocator = NULL}});
    if (s->vm == NULL)
        return false;
    s->interaction = cp_interaction_new(
        s->vm, &(cp_interaction_options){.has_feature = cp_has_feature, .warn = warn});
    s->serials = cp_serials_new(s->vm->heap);
    return s->interaction != NULL && s->serials != NULL && cp_stdlib_define(s->vm) == COPSE_OK &&
           cp_base_load(s->interaction) == CP_EVAL_END;
}

static void close_script(script *s)
{
    if (s->interaction != NULL)
        cp_interaction_close(s->interaction);
    if (s->serials != NULL)
        cp_serials_free(s->serials);
    cp_vm_free(s->vm);
    cp_interaction_free(s->interaction);
}

/* Write VALUE and a newline to the standard output. */
static bool print_value(script *s, cp_value value)
{
    cp_sink sink = cp_sink_make(copse_default_allocator());
    cp_writer *writer = cp_writer_new(&(cp_writer_options){
        .heap = s->vm->heap, .sink = &sink, .serials = s->serials, .labels = CP_LABELS_CYCLES});
    if (writer == NULL)
        return false;
    cp_writer_begin(writer, value);
    cp_step step;
    unsigned attempt = 1;
    do {
        step = cp_writer_step(writer, 10000);
        bool is_stuck = step == CP_STEP_RETRY && !cp_heap_make_room(s->vm->heap, attempt++);
        fwrite(sink.bytes, 1, sink.size, stdout);
        sink.size = 0;
        if (is_stuck)
            break;
    } while (step != CP_STEP_DONE);
    cp_writer_free(writer);
    cp_sink_free(&sink);
    putchar('\n');
    return step == CP_STEP_DONE && fflush(stdout) == 0;
}

/* What to say when nothing was said yet. */
static const char *text_of_end(cp_eval end)
{
    switch (end) {
    case CP_EVAL_PARKED:
        return "the program waits for what can not come";
    case CP_EVAL_CUT:
        return "the program used up its fuel";
    case CP_EVAL_HALTED:
        return "the program was halted";
    case CP_EVAL_REFUSED:
        return "memory was refused";
    case CP_EVAL_DONE:
    case CP_EVAL_END:
    case CP_EVAL_INCOMPLETE:
    case CP_EVAL_WRONG:
    case CP_EVAL_RAISED:
        break;
    }
    return "the program ended with an error";
}

static int evaluate(script *s, const char *name, const char *text, size_t size, bool prints)
{
    copse_status status = cp_interaction_give(s->interaction, name, text, size);
    if (status != COPSE_OK) {
        fprintf(stderr, "copse: %s: %s\n", name, copse_status_text(status));
        return 1;
    }
    cp_value value;
    cp_eval end;
    while ((end = cp_interaction_next(s->interaction, CP_FUEL_UNLIMITED, &value)) == CP_EVAL_DONE) {
        if (prints && !cp_same(value, CP_UNSPECIFIC) && !print_value(s, value))
            return 1;
    }
    if (end == CP_EVAL_END)
        return 0;
    const char *message = cp_interaction_message(s->interaction);
    fprintf(stderr, "%s\n", message[0] != '\0' ? message : text_of_end(end));
    return 1;
}

static int run(const char *name, const char *text, size_t size, bool prints)
{
    script s;
    int exit_status = 1;
    if (open_script(&s))
        exit_status = evaluate(&s, name, text, size, prints);
    else
        fprintf(stderr, "copse: %s\n", copse_status_text(COPSE_ENOMEM));
    close_script(&s);
    return exit_status;
}

/* All of FILE as an own block for free(); NULL with errno. */
static char *read_all(FILE *file, size_t *size)
{
    char *text = NULL;
    size_t capacity = 0;
    *size = 0;
    do {
        capacity += capacity < READ_SIZE ? READ_SIZE : capacity;
        char *larger = realloc(text, capacity);
        if (larger == NULL) {
            free(text);
            return NULL;
        }
        text = larger;
        *size += fread(text + *size, 1, capacity - *size, file);
    } while (*size == capacity);
    if (!ferror(file))
        return text;
    free(text);
    return NULL;
}

int cp_run_file(const char *name, bool prints)
{
    FILE *file = fopen(name, "rb");
    size_t size = 0;
    char *text = file != NULL ? read_all(file, &size) : NULL;
    int exit_status = 1;
    if (text != NULL)
        exit_status = run(name, text, size, prints);
    else
        fprintf(stderr, "copse: %s: %s\n", name, strerror(errno));
    free(text);
    if (file != NULL)
        fclose(file);
    return exit_status;
}

int cp_run_text(const char *text, bool prints)
{
    return run("command line", text, strlen(text), prints);
}
