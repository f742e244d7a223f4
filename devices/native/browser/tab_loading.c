/* What makes a frame ready: its engine, its model, and what is known of both. */
#include "browser/tab_holder.h"

#include "browser/answer_members.h"

bool greet_frame(struct tab_request *asked, struct failure *failure)
{
    struct frame *frame = asked->frame;
    const struct json_value *said;
    int64_t step_ns;
    if (!page_ask_plainly(&frame->page, "hello", asked->holder->until_ns, &said, failure)
        || !answer_whole(said, "clock_step_ns", LONGEST_NS, &step_ns, failure))
        return false;
    const struct json_value *hidden = json_get(said, "hidden"), *isolated = json_get(said, "cross_origin_isolated");
    if (hidden != NULL && hidden->kind == JSON_TRUE)
        return fail(failure, "PageHidden", "the tab is hidden: a browser slows it down");
    settings_set(&frame->settings, SETTING_CROSS_ORIGIN_ISOLATED,
                 isolated != NULL && isolated->kind == JSON_TRUE ? "yes" : "no");
    settings_set_integer(&frame->settings, SETTING_CLOCK_STEP_NS, step_ns);
    return browser_tab_find_process(asked->tab, frame, asked->holder->until_ns, failure);
}

static void copy_options(struct json_writer *question, const struct json_value *options)
{
    json_name(question, "options");
    if (options != NULL && options->kind == JSON_OBJECT) {
        json_copy(question, options);
    } else {
        json_open(question, '{');
        json_close(question, '}');
    }
}

bool start_engine(struct tab_request *asked, const struct json_value *web, struct failure *failure)
{
    struct frame *frame = asked->frame;
    struct json_writer question = {0};
    const struct json_value *said;
    int64_t took_ns;
    page_begin_question(&question, "start");
    json_string_member(&question, "runtime", frame->runtime);
    json_string_member(&question, "accelerator", frame->accelerator);
    json_integer_member(&question, "threads", frame->threads);
    copy_options(&question, json_get(asked->request, "accelerator_options"));
    json_string_member(&question, "engine_script", json_get_string(web, "engine_script"));
    if (!page_ask(&frame->page, &question, 0, asked->holder->until_ns, &said, failure)
        || !settings_take(&frame->settings, said, "settings", failure)
        || !answer_whole(said, "engine_start_ns", LONGEST_NS, &took_ns, failure))
        return false;
    settings_set_integer(&frame->settings, SETTING_ENGINE_START_NS, took_ns);
    frame->version = answer_text(said, "version", "unknown", 100);
    return true;
}

/* Settings of an arm: the browser's, the frame's, and what it was served. */
static void write_settings(struct json_writer *writer, const struct tab_request *asked)
{
    struct settings all = {0};
    const struct served *served = &asked->frame->page.served;
    struct bytes names = {0}, line = {0}, host = {0};
    int64_t engine_bytes = 0, model_bytes = 0;
    for (int k = 0; k < served->fetched_count; k++) {
        const struct fetched *fetched = &served->fetched[k];
        *(fetched->is_of_engine ? &engine_bytes : &model_bytes) += fetched->bytes;
        if (fetched->is_of_engine)
            bytes_format(&names, "%s%s", names.length != 0 ? ", " : "", fetched->name);
    }
    const char *colon = strrchr(served->host, ':');
    bytes_add(&host, served->host, colon != NULL ? (size_t)(colon - served->host) : 0);
    add_one_line(&line, names.data != NULL ? names.data : "", 900);
    settings_set_all(&all, &asked->tab->browser.settings);
    settings_set(&all, SETTING_USER_AGENT, asked->tab->user_agent);
    settings_set(&all, SETTING_FRAME_HOST, host.data);
    settings_set_all(&all, &asked->frame->settings);
    settings_set(&all, SETTING_ENGINE_FILES, line.data != NULL ? line.data : "");
    settings_set_integer(&all, SETTING_ENGINE_BYTES, engine_bytes);
    settings_set_integer(&all, SETTING_MODEL_BYTES, model_bytes);
    settings_write(writer, &all);
    settings_free(&all);
    bytes_free(&names);
    bytes_free(&line);
    bytes_free(&host);
}

static void write_notes(struct json_writer *writer, const struct tab_request *asked, const struct json_value *said)
{
    struct json_writer notes = {0};
    answer_notes(said, &notes);
    if (asked->tab->browser.pid < 0)
        json_string(&notes, "which process the page has is unavailable: it is another app's, and pid is that of what serves it");
    else if (asked->frame->pid == 0)
        json_string(&notes, "which process the page has is unavailable: pid is the browser's");
    json_list_member(writer, "notes", &notes);
    bytes_free(&notes.out);
}

bool answer_load(struct tab_request *asked, struct json_writer *writer, struct failure *failure)
{
    struct frame *frame = asked->frame;
    struct json_writer question = {0};
    const struct json_value *said;
    int64_t load_ns, session_ns, fetch_ns, delegated, total;
    if (frame->version == NULL || frame->model.inputs != NULL)
        return fail(failure, "ValueError", "a request to load comes too early, or twice");
    page_begin_question(&question, "load");
    const struct json_value *shapes = json_get(asked->request, "input_shapes");
    json_name(&question, "input_shapes");
    if (shapes != NULL && shapes->kind == JSON_OBJECT) {
        json_copy(&question, shapes);
    } else {
        json_open(&question, '{');
        json_close(&question, '}');
    }
    if (!page_ask(&frame->page, &question, 0, asked->holder->until_ns, &said, failure)
        || !answer_tensors(said, "inputs", &frame->model.inputs, &frame->model.input_count, failure)
        || !answer_tensors(said, "outputs", &frame->model.outputs, &frame->model.output_count, failure)
        || !answer_whole(said, "load_ns", LONGEST_NS, &load_ns, failure)
        || !answer_whole(said, "session_ns", LONGEST_NS, &session_ns, failure)
        || !answer_whole(said, "fetch_ns", LONGEST_NS, &fetch_ns, failure)
        || !answer_whole_or_null(said, "delegated_nodes", &delegated, failure)
        || !answer_whole_or_null(said, "total_nodes", &total, failure)
        || !settings_take(&frame->settings, said, "settings", failure))
        return false;
    settings_set_integer(&frame->settings, SETTING_SESSION_NS, session_ns);
    settings_set_integer(&frame->settings, SETTING_MODEL_FETCH_NS, fetch_ns);
    const struct json_value *wholly = json_get(said, "wholly_delegated");
    json_name(writer, "loaded");
    json_open(writer, '{');
    /* Of an app, whose processes are not ours to look at, the holder's own. */
    pid_t browser = asked->tab->browser.pid > 0 ? asked->tab->browser.pid : getpid();
    json_integer_member(writer, "pid", frame->pid != 0 ? frame->pid : browser);
    json_string_member(writer, "runtime", frame->runtime);
    json_string_member(writer, "runtime_version", frame->version);
    json_string_member(writer, "interpreter", asked->tab->name);
    json_integer_member(writer, "load_ns", load_ns);
    tensor_infos_write(writer, &frame->model, false);
    tensor_infos_write(writer, &frame->model, true);
    json_integer_member(writer, "threads", frame->threads);
    json_string_member(writer, "accelerator", frame->accelerator);
    json_size_member(writer, "delegated_nodes", delegated);
    json_size_member(writer, "total_nodes", total);
    json_name(writer, "wholly_delegated");
    if (wholly != NULL && (wholly->kind == JSON_TRUE || wholly->kind == JSON_FALSE))
        json_bool(writer, wholly->kind == JSON_TRUE);
    else
        json_null(writer);
    json_name(writer, "cores_asked");
    json_copy(writer, frame->cores);
    json_name(writer, "cores");
    json_null(writer);
    write_settings(writer, asked);
    write_notes(writer, asked, said);
    json_close(writer, '}');
    json_name(writer, "infers_elsewhere");
    json_bool(writer, asked->tab->browser.pid < 0);
    return true;
}
