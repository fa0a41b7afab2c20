/* plant.h -- what the tests of trees share: a registry with some leaves, and a builder in short.
 *
 * Owns:  the leaves "yes no on bad" (success, failure, running, error), "yes?" and "no?".
 * Never: checks anything. */
#ifndef CP_TESTS_BT_PLANT_H
#define CP_TESTS_BT_PLANT_H

#include <copse/bt.h>

/* An own registry with the built-in kinds and those leaves. Asserts that memory is there. */
copse_bt_registry *plant_registry(void);

/* Describes TEXT, "(seq (act yes) (retry :times 3 (act no)))": a kind, options with their numbers,
 * the leaf of act and cond, :if and the like with the name of a condition, :name with a name, then
 * children. Depth is the reader's only bound: it does not recurse. */
void plant_describe(copse_bt_builder *builder, const char *text);

/* The definition of TEXT, own; NULL when it is refused, with the error in ERROR (cut to SIZE). */
copse_bt_definition *plant(copse_bt_registry *registry, const char *text, char *error, size_t size);

/* The same, and an own instance with OPTIONS (may be NULL). Asserts that there is no mistake. */
copse_bt_instance *plant_instance(copse_bt_registry *registry, const char *text,
                                  const copse_bt_instance_options *options);

/* One tick at NOW_MS; asserts that it is not refused. */
copse_bt_status plant_tick(copse_bt_instance *instance, int64_t now_ms);

#endif
