#include "tests/check.h"

#include "interp/import.h"
#include "tests/interp/program.h"

typedef struct world {
    program *p;
    cp_compilation c;
} world;

static cp_term *open_world(world *w, const char *text)
{
    w->p = malloc(sizeof *w->p);
    assert_non_null(w->p);
    program_open(w->p);
    cp_compilation_init(&w->c, copse_default_allocator(),
                        &(cp_expand_options){.environment = &w->p->environment});
    uint32_t count;
    cp_term **forms = program_read(w->p, &w->c, text, &count);
    assert_int_equal(count, 1);
    return forms[0];
}

static void close_world(world *w)
{
    cp_compilation_free(&w->c);
    program_close(w->p);
    free(w->p);
}

static void check_name(const char *set, const char *exported, const char *expected)
{
    world w;
    char text[200], buffer[64];
    snprintf(text, sizeof text, "(import %s)", set);
    cp_term *form = open_world(&w, text);
    cp_import *imports = NULL;
    assert_true(cp_import_parse(&w.c.expander, form, &imports));
    assert_non_null(imports);
    const char *name = cp_import_name(imports, exported, buffer, sizeof buffer);
    if (expected == NULL)
        assert_null(name);
    else
        assert_string_equal(name, expected);
    close_world(&w);
}

static void an_import_set_says_what_an_export_is_called(void **state)
{
    (void)state;
    check_name("(scheme base)", "car", "car");
    check_name("(srfi 1)", "fold", "fold");
    check_name("(only (scheme base) car cdr)", "car", "car");
    check_name("(only (scheme base) car cdr)", "cons", NULL);
    check_name("(except (scheme base) car)", "car", NULL);
    check_name("(except (scheme base) car)", "cdr", "cdr");
    check_name("(prefix (scheme base) b:)", "car", "b:car");
    check_name("(rename (scheme base) (car first) (cdr rest))", "cdr", "rest");
    check_name("(rename (scheme base) (car first))", "cons", "cons");
    check_name("(prefix (only (rename (m) (a b) (c d)) b) x-)", "a", "x-b");
    check_name("(prefix (only (rename (m) (a b) (c d)) b) x-)", "c", NULL);
    check_name("(only (prefix (m) x-) x-a)", "a", "x-a");
    check_name("(only)", "a", "a"); /* a library may be called so */
    check_name("(rename (m) (a b) (b a))", "b", "a");
}

static void a_library_is_taken_apart(void **state)
{
    (void)state;
    world w;
    cp_term *form = open_world(&w, "(define-library (a b 1) (export x (rename y z)) (import (m) "
                                   "(only (n) q)) (begin 1 2) (cond-expand (copse (begin 3) "
                                   "(export w)) (else (begin 4))) (begin 5))");
    cp_library_form library;
    assert_true(cp_library_parse(&w.c.expander, form, &library));
    char text[100];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_term_print(&printer, library.name, 5);
    cp_print(&printer, " ");
    cp_term_print(&printer, library.body, 5);
    for (const cp_export *e = library.exports; e != NULL; e = e->next)
        cp_print(&printer, " %s=%s", e->name, e->external);
    for (const cp_import *i = library.imports; i != NULL; i = i->next) {
        cp_print(&printer, " ");
        cp_term_print(&printer, i->library, 5);
    }
    assert_string_equal(text, "(a b 1) (1 2 3 5) x=x y=z w=w (m) (n)");
    close_world(&w);
}

static void check_refused(const char *text, const char *expected)
{
    world w;
    cp_term *form = open_world(&w, text);
    cp_import *imports = NULL;
    cp_library_form library;
    bool is_good = strncmp(text, "(import", 7) == 0
                       ? cp_import_parse(&w.c.expander, form, &imports)
                       : cp_library_parse(&w.c.expander, form, &library);
    assert_false(is_good);
    char message[300];
    cp_printer printer = cp_printer_make(message, sizeof message);
    cp_compile_message(&printer, &w.c, w.p->sources);
    assert_string_equal(message, expected);
    close_world(&w);
}

static void a_wrong_declaration_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char name[] = "test.scm:1:9: import: expected a library as (name part ...), or "
                               "only, except, prefix or rename around one";
    check_refused("(import 5)", name);
    check_refused("(import ())", name);
    check_refused("(import (a \"b\"))", name);
    check_refused("(import (a -1))", name);
    check_refused("(import (only (a) 5))", "test.scm:1:19: import: a name is no identifier");
    check_refused("(import (rename (a) b))", "test.scm:1:21: import: a renaming is not (name "
                                             "new-name)");
    check_refused("(import (prefix (a)))", "test.scm:1:9: import: expected (prefix import-set "
                                           "name)");
    check_refused("(define-library)", "test.scm:1:1: define-library: expected (define-library "
                                      "(name part ...) declaration ...)");
    check_refused("(define-library (a) (define x 1))",
                  "test.scm:1:21: define-library: expected export, import, begin, include, "
                  "include-ci, include-library-declarations or cond-expand");
    check_refused("(define-library (a) (export 5))",
                  "test.scm:1:29: export: expected a name or (rename name external-name)");
    check_refused("(define-library (a) 5)",
                  "test.scm:1:21: define-library: a declaration is no list");
    check_refused("(define-library (a) (include \"x\"))",
                  "test.scm:1:30: include: \"x\": no file can be read here");
}

CP_TEST_MAIN(cmocka_unit_test(an_import_set_says_what_an_export_is_called),
             cmocka_unit_test(a_library_is_taken_apart),
             cmocka_unit_test(a_wrong_declaration_is_refused_with_its_place))
