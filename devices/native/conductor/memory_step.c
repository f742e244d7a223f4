#include "conductor/memory_step.h"

#include "conductor/probes.h"

/* What memory steps gather from one answer after the other. */
struct sizes {
    int64_t before_load_rss, load, load_peak_rss, first_inference, run_peak_rss, steady_rss, pss;
    bool reset;
    struct json_writer notes;    /* elements of a list */
    struct json_writer parts;    /* the same, of a web arm at the end */
    struct json_writer readings; /* the same */
};

static int64_t size_in(const struct json_value *answer, const char *name)
{
    int64_t value = -1;
    return json_get_integer(answer, name, 0, INT64_MAX, &value) ? value : -1;
}

static void add_notes(struct sizes *sizes, const struct json_value *answer)
{
    const struct json_value *notes = json_get(answer, "notes");
    for (const struct json_value *note = notes != NULL ? notes->as.first : NULL; note != NULL; note = note->next) {
        struct json_writer one = {0};
        json_copy(&one, note);
        /* The same note comes with each of the answers: it is said once. */
        if (sizes->notes.out.length == 0 || strstr(sizes->notes.out.data, one.out.data) == NULL)
            json_copy(&sizes->notes, note);
        bytes_free(&one.out);
    }
}

static enum flow measure(struct arms *arms, const struct plan_step *step, struct sizes *sizes)
{
    struct arm_step arm_step = {step->arm, step->number, "memory"};
    const struct json_value *answer, *first;
    enum flow flow = arms_start(arms, &arm_step);
    if (flow == FLOW_DONE && (flow = arms_ask(arms, &arm_step, "memory", &answer)) == FLOW_DONE) {
        sizes->before_load_rss = size_in(answer, "rss_bytes");
        add_notes(sizes, answer);
        flow = arms_load(arms, &arm_step, &sizes->load);
    }
    if (flow == FLOW_DONE && (flow = arms_ask(arms, &arm_step, "memory", &answer)) == FLOW_DONE) {
        sizes->load_peak_rss = size_in(answer, "peak_rss_bytes");
        add_notes(sizes, answer);
        flow = arms_bind(arms, &arm_step, step->item);
    }
    if (flow == FLOW_DONE && (flow = arms_ask_block(arms, &arm_step, 0, 1, NULL, &answer)) == FLOW_DONE) {
        first = json_get(answer, "latency_ns");
        sizes->first_inference = first != NULL && first->count == 1 ? first->as.first->as.integer : 0;
        flow = arms_ask(arms, &arm_step, "reset_peak", &answer);
    }
    if (flow == FLOW_DONE) {
        const struct json_value *reset = json_get(answer, "reset");
        sizes->reset = reset != NULL && reset->kind == JSON_TRUE;
        add_notes(sizes, answer);
        flow = arms_ask_block(arms, &arm_step, 0, step->inferences, NULL, &answer);
    }
    if (flow == FLOW_DONE && (flow = arms_ask(arms, &arm_step, "memory", &answer)) == FLOW_DONE) {
        sizes->run_peak_rss = sizes->reset ? size_in(answer, "peak_rss_bytes") : -1;
        sizes->steady_rss = size_in(answer, "rss_bytes");
        sizes->pss = size_in(answer, "pss_bytes");
        json_copy_elements(&sizes->parts, json_get(answer, "parts"));
        add_notes(sizes, answer);
        readings_add(&sizes->readings, arms->plan, &arms->plan->memory_probes, arms_pid(arms, step->arm));
    }
    return flow;
}

static enum flow write_sizes(struct session *self, const struct plan_step *step, const struct sizes *sizes,
                             const struct gate_outcome *gate)
{
    struct json_writer *record = journal_begin(self->journal, "memory");
    json_integer_member(record, "step", step->number);
    json_string_member(record, "arm", self->plan->arms[step->arm].id);
    json_integer_member(record, "repeat", step->repeat);
    json_size_member(record, "before_load_rss_bytes", sizes->before_load_rss);
    json_integer_member(record, "load_ns", sizes->load);
    json_size_member(record, "load_peak_rss_bytes", sizes->load_peak_rss);
    json_integer_member(record, "first_inference_ns", sizes->first_inference);
    json_size_member(record, "run_peak_rss_bytes", sizes->run_peak_rss);
    json_size_member(record, "steady_rss_bytes", sizes->steady_rss);
    json_size_member(record, "pss_bytes", sizes->pss);
    json_integer_member(record, "inferences", step->inferences);
    json_list_member(record, "parts", &sizes->parts);
    json_list_member(record, "readings", &sizes->readings);
    gate_outcome_write(record, gate);
    json_list_member(record, "notes", &sizes->notes);
    return session_end_record(self);
}

enum flow memory_step(struct session *self, const struct plan_step *step)
{
    struct sizes sizes = {0};
    struct gate_outcome gate = {0};
    arms_close(&self->arms, false);
    enum flow flow = gates_settle(&self->gates, PASS_MEMORY, step->number, 0, 0, &gate);
    if (flow == FLOW_DONE)
        flow = measure(&self->arms, step, &sizes);
    arms_close(&self->arms, flow == FLOW_STOPPED);
    if (flow == FLOW_DONE)
        flow = write_sizes(self, step, &sizes, &gate);
    gate_outcome_free(&gate);
    bytes_free(&sizes.notes.out);
    bytes_free(&sizes.parts.out);
    bytes_free(&sizes.readings.out);
    return flow;
}
