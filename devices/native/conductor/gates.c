#include "conductor/gates.h"

#include "platform/clock.h"
#include "conductor/probes.h"
#include "conductor/stop.h"

#define BUSY_SPAN_MIN_NS INT64_C(50000000)
#define PAUSE_SLICE_NS INT64_C(50000000)

/* Sleeps, until a stop is asked for. */
static enum flow sleep_or_stop(enum pass pass, int64_t duration_ns)
{
    int64_t until_ns = clock_ns() + duration_ns;
    for (;;) {
        if (stop_asked())
            return FLOW_STOPPED;
        if (stop_asked_of(pass))
            return FLOW_PASS_STOPPED;
        int64_t left_ns = until_ns - clock_ns();
        if (left_ns <= 0)
            return FLOW_DONE;
        sleep_ns(left_ns < PAUSE_SLICE_NS ? left_ns : PAUSE_SLICE_NS);
    }
}

/* The same, and the cores that others kept busy meanwhile: negative where that has no bound or cannot be counted. */
static enum flow pause_and_count(const struct gates *gates, enum pass pass, int64_t duration_ns, double *busy_cores)
{
    struct cpu_ticks before, after;
    *busy_cores = -1;
    if (!gates->plan->gates[pass].bounds_others)
        return sleep_or_stop(pass, duration_ns);
    bool counted = machine_read_ticks(gates->machine, &before);
    enum flow flow = sleep_or_stop(pass, duration_ns > BUSY_SPAN_MIN_NS ? duration_ns : BUSY_SPAN_MIN_NS);
    counted = machine_read_ticks(gates->machine, &after) && counted;
    if (counted && after.total > before.total && after.busy >= before.busy)
        *busy_cores = (double)(after.busy - before.busy) / (double)(after.total - before.total) * after.cpus;
    return flow;
}

static void keep_first(struct gate_value *first, const struct gate_value *value)
{
    if (first->kind != VALUE_UNREADABLE)
        return;
    *first = *value;
    if (value->kind == VALUE_WORD) {
        char *word = allocate(value->length, 1);
        memcpy(word, value->word, value->length);
        first->word = word;
    }
}

/* What is to be held against how the session started is read before anything works. */
static void look_at_start(const struct plan *plan, const struct gate_condition *condition, struct gate_value *first)
{
    struct probe_look seen = {0};
    probe_look(&seen, &plan->probes[condition->probe], 0);
    if (seen.error[0] == '\0') {
        struct gate_value value = gate_value_read(condition, seen.text.data, seen.text.length);
        if (value.kind != VALUE_UNREADABLE)
            keep_first(first, &value);
    }
    probe_look_free(&seen);
}

void gates_begin(struct gates *gates, const struct plan *plan, struct journal *journal, const struct machine *machine)
{
    *gates = (struct gates){.plan = plan, .journal = journal, .machine = machine};
    for (int pass = 0; pass < PASSES; pass++) {
        const struct gate_rules *rules = &plan->gates[pass];
        struct pass_gate *gate = &gates->passes[pass];
        gate->conditions = allocate((size_t)rules->condition_count, sizeof *gate->conditions);
        gate->budget_ns = rules->budget_ns;
        for (int k = 0; k < rules->condition_count; k++) {
            gate->conditions[k].budget_ns = rules->conditions[k].budget_ns;
            if (rules->conditions[k].first_at_start)
                look_at_start(plan, &rules->conditions[k], &gate->conditions[k].first);
        }
    }
}

static void take_value(struct gate_outcome *outcome, const struct gate_condition *condition,
                       struct condition_gate *known, const struct gate_value *value)
{
    json_name(&outcome->values, condition->id);
    known->failed = false;
    switch (value->kind) {
    case VALUE_UNREADABLE: json_null(&outcome->values); return;
    case VALUE_NUMBER: json_real(&outcome->values, value->number); break;
    case VALUE_WORD: json_text(&outcome->values, value->word, value->length); break;
    }
    keep_first(&known->first, value);
    known->failed = !gate_value_holds(condition, value, &known->first);
    if (known->failed)
        json_string(&outcome->failed, condition->id);
}

/* Looks through each probe once, for all conditions that speak of it; values come in the order of the conditions. */
static void look(struct gates *gates, enum pass pass, double busy_cores, pid_t worker, struct gate_outcome *outcome)
{
    const struct gate_rules *rules = &gates->plan->gates[pass];
    struct probe_look *looks = allocate((size_t)gates->plan->probe_count, sizeof *looks);
    gate_outcome_free(outcome);
    for (int k = 0; k < rules->condition_count; k++) {
        const struct gate_condition *condition = &rules->conditions[k];
        struct probe_look *seen = &looks[condition->probe];
        struct gate_value value = {.kind = VALUE_UNREADABLE};
        if (seen->text.data == NULL)
            probe_look(seen, &gates->plan->probes[condition->probe], worker);
        if (seen->error[0] == '\0')
            value = gate_value_read(condition, seen->text.data, seen->text.length);
        take_value(outcome, condition, &gates->passes[pass].conditions[k], &value);
    }
    for (int k = 0; k < gates->plan->probe_count; k++)
        probe_look_free(&looks[k]);
    free(looks);
    if (!rules->bounds_others)
        return;
    json_name(&outcome->values, "others_busy_cores");
    if (busy_cores < 0)
        json_null(&outcome->values);
    else
        json_real(&outcome->values, busy_cores);
    gates->passes[pass].others_failed = busy_cores > rules->others_busy_cores_at_most;
    if (gates->passes[pass].others_failed)
        json_string(&outcome->failed, "others_busy_cores");
}

static void write_look(struct json_writer *writer, const struct gate_outcome *outcome)
{
    json_name(writer, "values");
    json_open(writer, '{');
    json_insert(writer, &outcome->values);
    json_close(writer, '}');
    json_list_member(writer, "failed", &outcome->failed);
}

static bool write_waiting(struct gates *gates, enum pass pass, int64_t step, const struct gate_outcome *outcome)
{
    say("waiting before step %lld for %s", (long long)step, outcome->failed.out.data);
    struct json_writer *record = journal_begin(gates->journal, "gate_waiting");
    json_integer_member(record, "step", step);
    json_string_member(record, "of_pass", pass_name(pass));
    write_look(record, outcome);
    return journal_end(gates->journal);
}

static int64_t least(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static void begin_waiting(struct pass_gate *gate, const struct gate_rules *rules)
{
    gate->left_ns = least(rules->max_wait_ns, gate->budget_ns);
    for (int k = 0; k < rules->condition_count; k++)
        gate->conditions[k].left_ns = least(rules->conditions[k].max_wait_ns, gate->conditions[k].budget_ns);
}

/* How long is still waited for what failed; not positive: no longer. A wait counts to the bounds of conditions that have
 * some of their own first, then to the gate's. */
static int64_t left_to_wait(struct pass_gate *gate, const struct gate_rules *rules)
{
    int64_t own_ns = 0;
    bool others = gate->others_failed;
    for (int k = 0; k < rules->condition_count; k++) {
        struct condition_gate *known = &gate->conditions[k];
        bool has_own = rules->conditions[k].max_wait_ns >= 0;
        known->waited_for = has_own && known->failed && known->left_ns > 0;
        if (known->waited_for && known->left_ns > own_ns)
            own_ns = known->left_ns;
        others = others || (known->failed && !has_own);
    }
    return own_ns > 0 ? own_ns : others ? gate->left_ns : 0;
}

static void count_wait(struct pass_gate *gate, const struct gate_rules *rules, int64_t took_ns)
{
    bool own = false;
    for (int k = 0; k < rules->condition_count; k++) {
        struct condition_gate *known = &gate->conditions[k];
        if (!known->waited_for)
            continue;
        known->left_ns -= took_ns;
        known->budget_ns -= took_ns;
        own = true;
    }
    if (own)
        return;
    gate->left_ns -= took_ns;
    gate->budget_ns -= took_ns;
}

enum flow gates_settle(struct gates *gates, enum pass pass, int64_t step, int64_t pause_ns, pid_t worker,
                       struct gate_outcome *outcome)
{
    const struct gate_rules *rules = &gates->plan->gates[pass];
    struct pass_gate *gate = &gates->passes[pass];
    double busy_cores;
    *outcome = (struct gate_outcome){.given = rules->given};
    if (!rules->given) {
        sleep_ns(pause_ns);
        return FLOW_DONE;
    }
    enum flow flow = pause_and_count(gates, pass, pause_ns, &busy_cores);
    if (flow != FLOW_DONE)
        return flow;
    look(gates, pass, busy_cores, worker, outcome);
    begin_waiting(gate, rules);
    int64_t left_ns = left_to_wait(gate, rules);
    if (left_ns > 0 && !write_waiting(gates, pass, step, outcome))
        flow = FLOW_UNWRITABLE;
    for (; flow == FLOW_DONE && left_ns > 0; left_ns = left_to_wait(gate, rules)) {
        int64_t begun_ns = clock_ns();
        flow = pause_and_count(gates, pass, least(rules->poll_ns, left_ns), &busy_cores);
        if (flow == FLOW_DONE)
            look(gates, pass, busy_cores, worker, outcome);
        int64_t took_ns = clock_ns() - begun_ns;
        outcome->waited_ns += took_ns;
        count_wait(gate, rules, took_ns);
    }
    if (flow != FLOW_DONE)
        gate_outcome_free(outcome);
    return flow;
}

void gate_outcome_write(struct json_writer *writer, const struct gate_outcome *outcome)
{
    json_name(writer, "gate");
    if (!outcome->given) {
        json_null(writer);
        return;
    }
    json_open(writer, '{');
    json_integer_member(writer, "waited_ns", outcome->waited_ns);
    write_look(writer, outcome);
    json_close(writer, '}');
}

void gate_outcome_free(struct gate_outcome *outcome)
{
    bytes_free(&outcome->values.out);
    bytes_free(&outcome->failed.out);
    outcome->values.comma = outcome->failed.comma = false;
}
