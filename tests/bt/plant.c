/* plant.c -- a reader of words and parentheses that feeds the public builder. */
#include "tests/bt/plant.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static copse_bt_status give(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    return (copse_bt_status)(intptr_t)user;
}

#define GIVES(status) .tick = give, .user = (void *)(intptr_t)(status)
static const copse_bt_leaf leaves[] = {
    {.name = "yes", GIVES(COPSE_BT_SUCCESS)},
    {.name = "no", GIVES(COPSE_BT_FAILURE)},
    {.name = "on", GIVES(COPSE_BT_RUNNING)},
    {.name = "bad", GIVES(COPSE_BT_ERROR)},
    {.name = "yes?", .is_condition = true, GIVES(COPSE_BT_SUCCESS)},
    {.name = "no?", .is_condition = true, GIVES(COPSE_BT_FAILURE)},
    {.name = "bad?", .is_condition = true, GIVES(COPSE_BT_ERROR)},
};

copse_bt_registry *plant_registry(void)
{
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    assert(registry != NULL);
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        copse_status status = copse_bt_register_leaf(registry, &leaves[i]);
        assert(status == COPSE_OK);
        (void)status;
    }
    return registry;
}

static const char *const expression_words[] = {
#define WORD(name, word, is_condition, text) [name] = word,
    COPSE_BT_EXPRESSION_LIST(WORD)
#undef WORD
};

/* Copies the next word into WORD; gives the text behind it. */
static const char *next_word(const char *text, char word[64])
{
    text += strspn(text, " \n");
    size_t length = strcspn(text, " \n()");
    assert(length < 64);
    memcpy(word, text, length);
    word[length] = '\0';
    return text + length;
}

static double number_of(const char *word)
{
    if (strcmp(word, "#t") == 0)
        return 1;
    if (strcmp(word, ":success") == 0)
        return COPSE_BT_SUCCESS;
    if (strcmp(word, ":failure") == 0)
        return COPSE_BT_FAILURE;
    return strtod(word, NULL);
}

/* An option NAME with its VALUE. */
static void describe_option(copse_bt_builder *builder, const char *name, const char *value)
{
    for (int i = 0; i < COPSE_BT_EXPRESSION_COUNT; i++) {
        if (strcmp(name, expression_words[i]) != 0)
            continue;
        copse_bt_builder_expression(builder, (copse_bt_expression)i, value);
        return;
    }
    if (strcmp(name, "name") == 0)
        copse_bt_builder_name(builder, value);
    else
        copse_bt_builder_option(builder, name, number_of(value));
}

void plant_describe(copse_bt_builder *builder, const char *text)
{
    const char *begin = text;
    char word[64], value[64], place[32];
    while (*text != '\0') {
        text += strspn(text, " \n");
        if (*text == '(') {
            snprintf(place, sizeof place, "tree.scm:1:%td", text - begin + 1);
            text = next_word(text + 1, word);
            copse_bt_builder_open(builder, word, place);
        } else if (*text == ')') {
            copse_bt_builder_close(builder);
            text++;
        } else if (*text == ':') {
            text = next_word(text + 1, word);
            text = next_word(text, value);
            describe_option(builder, word, value);
        } else if (*text == '$') { /* $port=key */
            text = next_word(text + 1, word);
            char *key = strchr(word, '=');
            *key = '\0';
            copse_bt_builder_bind_key(builder, word, key + 1);
        } else if (*text != '\0') {
            text = next_word(text, word);
            copse_bt_builder_leaf(builder, word);
        }
    }
}

copse_bt_definition *plant(copse_bt_registry *registry, const char *text, char *error, size_t size)
{
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    assert(builder != NULL);
    plant_describe(builder, text);
    copse_bt_definition *definition;
    copse_status status = copse_bt_builder_finish(builder, &definition);
    const char *mistake = copse_bt_builder_error(builder);
    snprintf(error, size, "%s", mistake != NULL ? mistake : "");
    copse_bt_builder_free(builder);
    assert((status == COPSE_OK) == (definition != NULL));
    (void)status;
    return definition;
}

copse_bt_instance *plant_instance(copse_bt_registry *registry, const char *text,
                                  const copse_bt_instance_options *options)
{
    char error[400];
    copse_bt_definition *definition = plant(registry, text, error, sizeof error);
    if (definition == NULL)
        fprintf(stderr, "%s\n", error);
    assert(definition != NULL);
    copse_bt_instance *instance;
    copse_status status = copse_bt_instance_new(definition, options, &instance);
    assert(status == COPSE_OK);
    (void)status;
    copse_bt_definition_give(definition);
    return instance;
}

copse_bt_status plant_tick(copse_bt_instance *instance, int64_t now_ms)
{
    copse_bt_status result;
    copse_status status = copse_bt_tick(instance, now_ms * 1000000, &result);
    assert(status == COPSE_OK);
    (void)status;
    return result;
}
