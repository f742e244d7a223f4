/* Requests that time inferences. */
#include "browser/tab_holder.h"

#include "browser/answer_members.h"
#include "browser/process_tree.h"
#include "platform/clock.h"

#define INFERENCES_MAX 10000000
#define SLICES_MAX 1000
#define FRAMES_MAX 10000 /* that a page tells of, at rest and at work each */
#define BLOCK_LEAST 3 /* inferences of a block with a budget, where the request does not say */

struct stamps {
    int64_t started_ns, ended_ns;
};

/* When the timed part began and ended, by this machine's clock: the page's stamps, moved by what its clock is off by. Its
 * question and its answer are taken to have travelled equally long, and nothing lies outside of them. */
static bool read_stamps(const struct page *page, const struct json_value *said, struct stamps *stamps,
                        struct failure *failure)
{
    const struct json_value *at = json_get(said, "at");
    int64_t received, started, ended, answered;
    if (!answer_whole(at, "received", LONGEST_NS, &received, failure)
        || !answer_whole(at, "started", LONGEST_NS, &started, failure)
        || !answer_whole(at, "ended", LONGEST_NS, &ended, failure)
        || !answer_whole(at, "answered", LONGEST_NS, &answered, failure))
        return false;
    if (received > started || started > ended || ended > answered || ended - started > page->came_ns - page->sent_ns)
        return fail(failure, PAGE_MALFORMED, "the stamps of the answer are out of order, or longer than it took");
    int64_t offset_ns = ((page->sent_ns - received) + (page->came_ns - answered)) / 2;
    int64_t started_ns = started + offset_ns, latest_ns = page->came_ns - (ended - started);
    started_ns = started_ns < page->sent_ns ? page->sent_ns : started_ns;
    stamps->started_ns = started_ns > latest_ns ? latest_ns : started_ns;
    stamps->ended_ns = stamps->started_ns + (ended - started);
    return true;
}

static void write_stamps(struct json_writer *writer, const struct stamps *stamps)
{
    json_integer_member(writer, "started_ns", stamps->started_ns);
    json_integer_member(writer, "ended_ns", stamps->ended_ns);
}

/* A note where the last outputs are not the first inference's. */
static void add_drift(struct json_writer *notes, const struct json_value *said)
{
    const struct json_value *drift = json_get(said, "drift");
    char told[80] = "by what is no number";
    struct bytes note = {0};
    if (drift == NULL || drift->kind == JSON_NULL)
        return;
    if (drift->kind == JSON_INTEGER)
        snprintf(told, sizeof told, "by up to %lld of the largest value", (long long)drift->as.integer);
    else if (drift->kind == JSON_REAL)
        snprintf(told, sizeof told, "by up to %.6g of the largest value", drift->as.real);
    bytes_format(&note, "output_drift: the last inference's outputs differ from the first one's %s", told);
    json_string(notes, note.data);
    bytes_free(&note);
}

static void write_notes(struct json_writer *writer, struct json_writer *notes)
{
    json_list_member(writer, "notes", notes);
    bytes_free(&notes->out);
}

static void write_cpu(struct json_writer *writer, int64_t before_ns, int64_t after_ns)
{
    int64_t used_ns = after_ns > before_ns ? after_ns - before_ns : 0;
    json_size_member(writer, "cpu_ns", before_ns < 0 || after_ns < 0 ? -1 : used_ns);
}

/* What all of the browser's processes have worked; −1 of an app, whose processes are not ours to look at. */
static int64_t cpu_ns_of(const struct tab_request *asked)
{
    return asked->tab->browser.pid > 0 ? process_tree_cpu_ns(asked->tab->browser.pid) : -1;
}

bool answer_block(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    const struct json_value *request = asked->request, *said;
    struct page *page = &asked->frame->page;
    struct json_writer question = {0}, notes = {0};
    struct stamps stamps;
    int64_t lead_in = 0, count = 0, budget_ns = -1, least = BLOCK_LEAST;
    if (!json_get_integer(request, "lead_in", 0, INFERENCES_MAX, &lead_in)
        || !json_get_integer(request, "count", 1, INFERENCES_MAX, &count))
        return fail(failure, "ValueError", "a request for a block comes without its counts");
    json_get_integer(request, "budget_ns", 0, INT64_MAX, &budget_ns);
    json_get_integer(request, "least", 1, INFERENCES_MAX, &least);
    least = budget_ns < 0 || count < least ? count : least;
    page_begin_question(&question, "block");
    json_integer_member(&question, "lead_in", lead_in);
    json_integer_member(&question, "count", count);
    json_size_member(&question, "budget_ns", budget_ns);
    json_integer_member(&question, "least", least);
    int64_t before_ns = cpu_ns_of(asked);
    if (!page_ask(page, &question, lead_in + count, asked->holder->until_ns, &said, failure)
        || !read_stamps(page, said, &stamps, failure))
        return false;
    write_cpu(writer, before_ns, cpu_ns_of(asked));
    write_stamps(writer, &stamps);
    add_drift(&notes, said);
    write_notes(writer, &notes);
    return answer_wholes(said, "lead_in_ns", lead_in, lead_in, writer, NULL, failure)
           && answer_wholes(said, "latency_ns", least, count, writer, NULL, failure);
}

bool answer_infer_for(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    const struct json_value *request = asked->request, *said;
    struct page *page = &asked->frame->page;
    struct json_writer question = {0}, notes = {0};
    struct stamps stamps;
    int64_t duration_ns = 0, slices = 0, inferences, counted, lasted_ns;
    if (!json_get_integer(request, "duration_ns", 0, INT64_MAX / 2, &duration_ns)
        || (json_get(request, "slices") != NULL && !json_get_integer(request, "slices", 0, SLICES_MAX, &slices)))
        return fail(failure, "ValueError", "a request to infer for a time comes without it, or with too many slices");
    page_begin_question(&question, "infer_for");
    json_integer_member(&question, "duration_ns", duration_ns);
    json_integer_member(&question, "slices", slices);
    int64_t wall_before_ns = wall_ns();
    if (!page_ask(page, &question, 2 * slices, asked->holder->until_ns, &said, failure)
        || !read_stamps(page, said, &stamps, failure)
        || !answer_whole(said, "inferences", INT64_C(1) << 53, &inferences, failure)
        || !answer_wholes(said, "slice_inferences", slices, slices, writer, &counted, failure)
        || !answer_wholes(said, "slice_ns", slices, slices, writer, &lasted_ns, failure))
        return false;
    if (slices != 0 && (counted != inferences || lasted_ns != stamps.ended_ns - stamps.started_ns))
        return fail(failure, PAGE_MALFORMED, "the slices of a block do not make it up");
    int64_t wall_started_ns = wall_before_ns + (stamps.started_ns - page->sent_ns);
    json_integer_member(writer, "inferences", inferences);
    write_stamps(writer, &stamps);
    json_integer_member(writer, "wall_started_ns", wall_started_ns);
    json_integer_member(writer, "wall_ended_ns", wall_started_ns + stamps.ended_ns - stamps.started_ns);
    add_drift(&notes, said);
    write_notes(writer, &notes);
    return true;
}

bool answer_animate(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    const struct json_value *said;
    struct page *page = &asked->frame->page;
    struct json_writer question = {0}, notes = {0};
    struct stamps stamps;
    int64_t duration_ns = 0, inferences, unread, unread_ns;
    if (!json_get_integer(asked->request, "duration_ns", 1, INT64_MAX / 2, &duration_ns))
        return fail(failure, "ValueError", "a request to animate comes without its time");
    page_begin_question(&question, "animate");
    json_integer_member(&question, "duration_ns", duration_ns);
    if (!page_ask(page, &question, 2 * FRAMES_MAX, asked->holder->until_ns, &said, failure)
        || !read_stamps(page, said, &stamps, failure)
        || !answer_whole(said, "inferences", INT64_C(1) << 53, &inferences, failure)
        || !answer_whole(said, "unread_inferences", INT64_C(1) << 53, &unread, failure)
        || !answer_whole(said, "unread_ns", LONGEST_NS, &unread_ns, failure)
        || !answer_wholes(said, "rest_frame_ns", 0, FRAMES_MAX, writer, NULL, failure)
        || !answer_wholes(said, "frame_ns", 0, FRAMES_MAX, writer, NULL, failure))
        return false;
    write_stamps(writer, &stamps);
    json_integer_member(writer, "inferences", inferences);
    json_integer_member(writer, "unread_inferences", unread);
    json_integer_member(writer, "unread_ns", unread_ns);
    answer_notes(said, &notes);
    add_drift(&notes, said);
    write_notes(writer, &notes);
    return true;
}

bool answer_soak(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    static const char *const latencies[] = {"latency_p50_ns", "latency_p90_ns", "latency_p99_ns", "latency_min_ns",
                                            "latency_max_ns"};
    const struct json_value *said;
    struct page *page = &asked->frame->page;
    struct json_writer question = {0}, notes = {0};
    struct stamps stamps;
    int64_t window_ns = 0, value;
    if (!json_get_integer(asked->request, "window_ns", 1, INT64_MAX / 2, &window_ns))
        return fail(failure, "ValueError", "a request to soak comes without its window");
    page_begin_question(&question, "soak");
    json_integer_member(&question, "window_ns", window_ns);
    int64_t before_ns = cpu_ns_of(asked);
    if (!page_ask(page, &question, 0, asked->holder->until_ns, &said, failure)
        || !read_stamps(page, said, &stamps, failure)
        || !answer_whole(said, "inferences", INT64_C(1) << 53, &value, failure))
        return false;
    write_stamps(writer, &stamps);
    write_cpu(writer, before_ns, cpu_ns_of(asked));
    json_integer_member(writer, "inferences", value);
    for (size_t k = 0; k < sizeof latencies / sizeof *latencies; k++) {
        if (!answer_whole(said, latencies[k], LONGEST_NS, &value, failure))
            return false;
        json_integer_member(writer, latencies[k], value);
    }
    add_drift(&notes, said);
    write_process_size(writer, &notes, asked->frame->pid, "rss_bytes", "status", "VmRSS");
    write_process_size(writer, &notes, asked->frame->pid, "rss_anon_bytes", "status", "RssAnon");
    write_process_size(writer, &notes, asked->frame->pid, "pss_bytes", "smaps_rollup", "Pss");
    write_notes(writer, &notes);
    return true;
}
