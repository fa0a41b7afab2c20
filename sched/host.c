/* host.c -- a task, the host's functions, and copies of its name and place in one block. */
#include "sched/host.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"
#include "sched/owner.h"

struct copse_task {
    cp_task base; /* first: the executor sees only this */
    copse_resume_fn *resume;
    void (*drop)(void *context);
    void *context;
    const copse_allocator *allocator;
    size_t size;  /* of the block */
    char texts[]; /* name, NUL, place, NUL */
};

static copse_task *to_host(cp_task *task)
{
    return (copse_task *)(void *)task;
}

static copse_outcome resume_host(cp_task *task, copse_why why)
{
    copse_task *self = to_host(task);
    copse_outcome outcome = self->resume(self, self->context, why);
    if (outcome == COPSE_BLOCKED && task->block.kind == COPSE_BLOCK_NONE)
        return cp_task_block(task, (copse_block){.kind = COPSE_BLOCK_CUSTOM}, COPSE_NEVER);
    return outcome;
}

static void drop_host(cp_task *own)
{
    copse_task *self = to_host(own);
    if (self->drop != NULL)
        self->drop(self->context);
    cp_host_task_free(own);
}

static const cp_task_class host_class = {"host", resume_host, drop_host, NULL};

cp_task *cp_host_task_new(const copse_allocator *allocator, const copse_task_options *options,
                          cp_task_label *label)
{
    const char *name = options->name == NULL ? "task" : options->name;
    const char *place = options->place == NULL ? "" : options->place;
    size_t name_size = strlen(name) + 1;
    size_t place_size = strlen(place) + 1;
    size_t size = sizeof(copse_task) + name_size + place_size;
    copse_task *self = cp_allocate(allocator, size);
    if (self == NULL)
        return NULL;
    cp_task_init(&self->base, &host_class);
    self->base.lane = options->lane;
    self->base.priority = options->priority;
    self->resume = options->resume;
    self->drop = options->drop;
    self->context = options->context;
    self->allocator = allocator;
    self->size = size;
    memcpy(self->texts, name, name_size);
    memcpy(self->texts + name_size, place, place_size);
    *label = (cp_task_label){self->texts, self->texts + name_size};
    return &self->base;
}

void cp_host_task_free(cp_task *own)
{
    copse_task *self = to_host(own);
    cp_release(self->allocator, self, self->size);
}

copse_status copse_executor_schedule(copse_executor *executor, const copse_task_options *options,
                                     copse_task_handle *out)
{
    cp_task_label label;
    CP_REQUIRE(options->resume != NULL, "the resume function is NULL");
    cp_task *task = cp_host_task_new(executor->allocator, options, &label);
    if (task == NULL)
        return COPSE_ENOMEM;
    copse_status status = cp_executor_schedule(executor, &task, &label, out);
    if (status != COPSE_OK)
        cp_host_task_free(task);
    return status;
}

copse_outcome copse_task_yield(copse_task *self)
{
    (void)self;
    return COPSE_YIELDED;
}

copse_outcome copse_task_block(copse_task *self, copse_block block, int64_t until_ns)
{
    if (block.kind == COPSE_BLOCK_NONE)
        block.kind = COPSE_BLOCK_CUSTOM;
    return cp_task_block(&self->base, block, until_ns);
}

copse_outcome copse_task_sleep_until(copse_task *self, int64_t until_ns)
{
    return cp_task_block(&self->base, (copse_block){.kind = COPSE_BLOCK_SLEEP}, until_ns);
}

copse_outcome copse_task_join(copse_task *self, copse_task_handle target, int64_t until_ns)
{
    copse_block block = {.kind = COPSE_BLOCK_JOIN, .owner = target};
    return cp_task_block(&self->base, block, until_ns);
}

copse_outcome copse_task_done(copse_task *self, int code)
{
    return cp_task_done(&self->base, code);
}

copse_task_handle copse_task_self(const copse_task *self)
{
    return self->base.handle;
}

bool copse_task_is_cancelled(const copse_task *self)
{
    return cp_task_has(&self->base, CP_TASK_IS_ASKED_TO_END);
}

int copse_task_joined_code(const copse_task *self)
{
    return self->base.code;
}
