/* import.c -- an import set is unwrapped from the outside; its modifiers are kept in the order in
 * which names pass them, from the library outwards. */
#include "interp/import.h"

#include <stdio.h>
#include <string.h>

/* ---- Names --------------------------------------------------------------------------------- */

/* A list of identifiers and exact integers that are not negative. */
static bool is_library_name(const cp_term *term)
{
    bool is_good = cp_term_length(term) >= 1;
    for (; is_good && cp_term_is_pair(term); term = term->as.pair.cdr) {
        const cp_term *part = term->as.pair.car;
        bool is_index = part->kind == CP_TERM_VALUE && cp_is_fixnum(part->as.value) &&
                        cp_to_fixnum(part->as.value) >= 0;
        is_good = cp_term_is_identifier(part) || is_index;
    }
    return is_good;
}

static bool refuse(cp_expander *x, const cp_term *term, const char *text)
{
    (void)cp_expand_fail(x, term->position, "%s", text);
    return false;
}

/* Whether TERM is a form that begins with the identifier NAME, whatever that means. */
static bool begins_with(const cp_term *term, const char *name)
{
    return cp_term_is_pair(term) && cp_term_is_identifier(term->as.pair.car) &&
           strcmp(term->as.pair.car->as.identifier->name, name) == 0;
}

/* (NAME NAME), a pair of identifiers. */
static bool is_renaming(const cp_term *term)
{
    return cp_term_length(term) == 2 && cp_term_is_identifier(term->as.pair.car) &&
           cp_term_is_identifier(term->as.pair.cdr->as.pair.car);
}

/* ---- Import sets --------------------------------------------------------------------------- */

static const struct {
    const char *word;
    cp_import_kind kind;
} modifier_words[] = {{"only", CP_IMPORT_ONLY},
                      {"except", CP_IMPORT_EXCEPT},
                      {"prefix", CP_IMPORT_PREFIX},
                      {"rename", CP_IMPORT_RENAME}};

/* The operands of a modifier behind its import set, in M. */
static bool parse_operands(cp_expander *x, cp_term *operands, cp_import_modifier *m)
{
    cp_term **items;
    if (!cp_expand_list(x, operands, &items, &m->count))
        return false;
    m->names = CP_TAKE_ARRAY(&x->terms->arena, m->count, const char *);
    m->to = CP_TAKE_ARRAY(&x->terms->arena, m->count, const char *);
    if (m->names == NULL || m->to == NULL)
        return false;
    if (m->kind == CP_IMPORT_PREFIX && m->count != 1)
        return refuse(x, operands, "import: expected (prefix import-set name)");
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->kind == CP_IMPORT_RENAME) {
            if (!is_renaming(items[i]))
                return refuse(x, items[i], "import: a renaming is not (name new-name)");
            m->names[i] = items[i]->as.pair.car->as.identifier->name;
            m->to[i] = items[i]->as.pair.cdr->as.pair.car->as.identifier->name;
        } else if (cp_term_is_identifier(items[i])) {
            m->names[i] = items[i]->as.identifier->name;
        } else {
            return refuse(x, items[i], "import: a name is no identifier");
        }
    }
    return true;
}

/* The modifier that SET is, with an import set behind it; else -1: it is a library's name. */
static int64_t find_modifier(const cp_term *set)
{
    bool has_set = cp_term_length(set) >= 2 && cp_term_is_pair(set->as.pair.cdr->as.pair.car);
    for (size_t i = 0; has_set && i < CP_COUNT_OF(modifier_words); i++) {
        if (begins_with(set, modifier_words[i].word))
            return (int64_t)i;
    }
    return -1;
}

static bool parse_set(cp_expander *x, cp_term *set, cp_import *import)
{
    import->position = set->position;
    int64_t which;
    for (; (which = find_modifier(set)) >= 0; set = set->as.pair.cdr->as.pair.car) {
        cp_import_modifier *m = CP_TAKE(&x->terms->arena, cp_import_modifier);
        if (m == NULL)
            return false;
        m->kind = modifier_words[which].kind;
        m->next = import->modifiers; /* the set within comes in front */
        import->modifiers = m;
        if (!parse_operands(x, set->as.pair.cdr->as.pair.cdr, m))
            return false;
    }
    if (!is_library_name(set))
        return refuse(x, set,
                      "import: expected a library as (name part ...), or only, except, "
                      "prefix or rename around one");
    import->library = set;
    return true;
}

bool cp_import_parse(cp_expander *x, cp_term *form, cp_import **imports)
{
    while (*imports != NULL)
        imports = &(*imports)->next;
    if (cp_term_length(form) < 1)
        return refuse(x, form, "import: no proper list");
    for (cp_term *rest = form->as.pair.cdr; cp_term_is_pair(rest); rest = rest->as.pair.cdr) {
        cp_import *import = CP_TAKE(&x->terms->arena, cp_import);
        if (import == NULL || !parse_set(x, rest->as.pair.car, import))
            return false;
        *imports = import;
        imports = &import->next;
    }
    return true;
}

static bool has_name(const cp_import_modifier *m, const char *name, uint32_t *index)
{
    for (*index = 0; *index < m->count; ++*index) {
        if (strcmp(m->names[*index], name) == 0)
            return true;
    }
    return false;
}

const char *cp_import_name(const cp_import *import, const char *exported, char *buffer, size_t size)
{
    int length = snprintf(buffer, size, "%s", exported);
    for (const cp_import_modifier *m = import->modifiers; m != NULL; m = m->next) {
        if (length < 0 || (size_t)length >= size)
            return NULL;
        uint32_t index;
        bool is_named = has_name(m, buffer, &index);
        switch (m->kind) {
        case CP_IMPORT_ONLY:
            if (!is_named)
                return NULL;
            break;
        case CP_IMPORT_EXCEPT:
            if (is_named)
                return NULL;
            break;
        case CP_IMPORT_PREFIX: {
            size_t prefix = strlen(m->names[0]);
            if (prefix + (size_t)length >= size)
                return NULL;
            memmove(buffer + prefix, buffer, (size_t)length + 1);
            memcpy(buffer, m->names[0], prefix);
            length += (int)prefix;
            break;
        }
        case CP_IMPORT_RENAME:
            if (is_named)
                length = snprintf(buffer, size, "%s", m->to[index]);
            break;
        }
    }
    return length < 0 || (size_t)length >= size ? NULL : buffer;
}

/* ---- Libraries ----------------------------------------------------------------------------- */

static bool parse_exports(cp_expander *x, cp_term *declaration, cp_export **exports)
{
    while (*exports != NULL)
        exports = &(*exports)->next;
    for (cp_term *rest = declaration->as.pair.cdr; cp_term_is_pair(rest);
         rest = rest->as.pair.cdr) {
        cp_term *spec = rest->as.pair.car;
        cp_export *export = CP_TAKE(&x->terms->arena, cp_export);
        if (export == NULL)
            return false;
        if (cp_term_is_identifier(spec)) {
            export->name = export->external = spec->as.identifier->name;
        } else if (begins_with(spec, "rename") && is_renaming(spec->as.pair.cdr)) {
            export->name = spec->as.pair.cdr->as.pair.car->as.identifier->name;
            export->external = spec->as.pair.cdr->as.pair.cdr->as.pair.car->as.identifier->name;
        } else {
            return refuse(x, spec, "export: expected a name or (rename name external-name)");
        }
        export->position = spec->position;
        *exports = export;
        exports = &export->next;
    }
    return true;
}

/* FORMS behind those of the library's body. */
static bool append_body(cp_expander *x, cp_library_form *library, cp_term *forms)
{
    cp_term **end = &library->body;
    while (cp_term_is_pair(*end))
        end = &(*end)->as.pair.cdr;
    cp_term *nil = *end;
    for (; cp_term_is_pair(forms); forms = forms->as.pair.cdr) {
        *end = cp_term_pair(x->terms, forms->as.pair.car, nil, forms->position);
        if (*end == NULL)
            return false;
        end = &(*end)->as.pair.cdr;
    }
    return true;
}

static bool parse_declarations(cp_expander *x, cp_term *list, cp_library_form *library);

static bool parse_spliced(cp_expander *x, cp_term *declaration, const char *special,
                          cp_library_form *library, bool is_body)
{
    cp_term *forms;
    if (!cp_expand_splice(x, declaration, x->runtime, special, &forms))
        return false;
    return is_body ? append_body(x, library, forms) : parse_declarations(x, forms, library);
}

static bool parse_declaration(cp_expander *x, cp_term *declaration, cp_library_form *library)
{
    if (cp_term_length(declaration) < 1)
        return refuse(x, declaration, "define-library: a declaration is no list");
    if (begins_with(declaration, "export"))
        return parse_exports(x, declaration, &library->exports);
    if (begins_with(declaration, "import"))
        return cp_import_parse(x, declaration, &library->imports);
    if (begins_with(declaration, "begin"))
        return append_body(x, library, declaration->as.pair.cdr);
    if (begins_with(declaration, "include"))
        return parse_spliced(x, declaration, "include", library, true);
    if (begins_with(declaration, "include-ci"))
        return parse_spliced(x, declaration, "include-ci", library, true);
    if (begins_with(declaration, "include-library-declarations"))
        return parse_spliced(x, declaration, "include", library, false);
    if (begins_with(declaration, "cond-expand"))
        return parse_spliced(x, declaration, "cond-expand", library, false);
    return refuse(x, declaration,
                  "define-library: expected export, import, begin, include, include-ci, "
                  "include-library-declarations or cond-expand");
}

static bool parse_declarations(cp_expander *x, cp_term *list, cp_library_form *library)
{
    if (x->depth >= CP_EXPAND_DEPTH_MAX)
        return refuse(x, list, "define-library: nested too deep");
    x->depth++;
    bool is_good = true;
    for (; is_good && cp_term_is_pair(list); list = list->as.pair.cdr)
        is_good = parse_declaration(x, list->as.pair.car, library);
    x->depth--;
    return is_good;
}

bool cp_library_parse(cp_expander *x, cp_term *form, cp_library_form *library)
{
    *library = (cp_library_form){.name = NULL};
    if (cp_term_length(form) < 2 || !is_library_name(form->as.pair.cdr->as.pair.car))
        return refuse(x, form,
                      "define-library: expected (define-library (name part ...) "
                      "declaration ...)");
    library->name = form->as.pair.cdr->as.pair.car;
    library->body = cp_term_value(x->terms, CP_NIL, form->position);
    return library->body != NULL && parse_declarations(x, form->as.pair.cdr->as.pair.cdr, library);
}
