#include "browser/frame.h"

#include "browser/answer_members.h"
#include "worker/npy.h"
#include "worker/output_file.h"

#define OUTPUT_MAX_BYTES ((size_t)256 << 20) /* of one whose shape the engine does not tell */
#define INPUT_MAX_BYTES ((size_t)1 << 31)
#define MISMATCH "OutputMismatch"

struct frame *frame_open(const char *arm, const struct json_value *web, const char *model, struct page_server *server,
                         const char *name, struct failure *failure)
{
    struct frame *frame = allocate(1, sizeof *frame);
    frame->arm = arm;
    frame->page.served.page_files = json_get(web, "page_files");
    frame->page.served.engine_files = json_get(web, "engine_files");
    frame->page.served.model = model;
    frame->model.null_is_free = true;
    if (page_open(&frame->page, server, name, failure))
        return frame;
    free(frame);
    return NULL;
}

static bool fits(const struct tensor_info *info, const struct tensor *tensor)
{
    bool fits = info->dtype == tensor->dtype && info->rank == tensor->rank;
    for (size_t d = 0; fits && d < info->rank; d++)
        fits = info->shape[d].size < 0 || info->shape[d].size == tensor->shape[d];
    return fits;
}

/* Only where the numbers are is kept: the page reads them from the file. */
static bool read_input(const char *path, const struct tensor_info *info, struct served_input *input,
                       struct json_writer *question, struct failure *failure)
{
    struct bytes content = {0};
    struct tensor tensor = {0};
    size_t data_at = 0;
    bool good = bytes_read_file(&content, path, INPUT_MAX_BYTES);
    if (!good)
        fail(failure, errno == ENOENT ? "FileNotFoundError" : "OSError", "%s cannot be read: %s", path, strerror(errno));
    else
        good = npy_find((const unsigned char *)content.data, content.length, path, &tensor, &data_at, failure);
    if (good && !fits(info, &tensor)) {
        struct bytes takes = {0}, has = {0};
        add_takes(&takes, info);
        add_shape(&has, tensor.rank, tensor.shape);
        good = fail(failure, "ValueError", "input %s, the item has %s %s", takes.data, dtype_name(tensor.dtype), has.data);
        bytes_free(&takes);
        bytes_free(&has);
    }
    bytes_free(&content);
    if (!good)
        return false;
    *input = (struct served_input){copy_text(path), (int64_t)data_at, (int64_t)tensor.bytes};
    json_open(question, '{');
    json_string_member(question, "dtype", dtype_name(tensor.dtype));
    json_name(question, "shape");
    json_open(question, '[');
    for (size_t d = 0; d < tensor.rank; d++)
        json_integer(question, tensor.shape[d]);
    json_close(question, ']');
    json_close(question, '}');
    return true;
}

bool frame_set_inputs(struct frame *frame, const struct json_value *files, struct json_writer *question,
                      struct failure *failure)
{
    struct runtime *model = &frame->model;
    if (files->count != model->input_count)
        return fail(failure, "ValueError", "the model takes %d inputs, the item has %d", (int)model->input_count,
                    (int)files->count);
    struct served_input *inputs = allocate(files->count, sizeof *inputs);
    size_t count = 0;
    bool good = true;
    json_name(question, "inputs");
    json_open(question, '[');
    for (const struct json_value *file = files->as.first; good && file != NULL; file = file->next) {
        good = (file->kind == JSON_STRING || fail(failure, "ValueError", "an input's file is no text"))
               && read_input(file->as.string, &model->inputs[count], &inputs[count], question, failure);
        count += good;
    }
    json_close(question, ']');
    served_set_inputs(&frame->page.served, inputs, count);
    return good;
}

void frame_open_outputs(struct frame *frame)
{
    size_t most_bytes[TOLD_TENSORS_MAX];
    for (size_t k = 0; k < frame->model.output_count; k++) {
        const struct tensor_info *info = &frame->model.outputs[k];
        int64_t shape[RANK_MAX];
        for (size_t d = 0; d < info->rank; d++)
            shape[d] = info->shape[d].size;
        if (!tensor_bytes(info->dtype, info->rank, shape, &most_bytes[k]))
            most_bytes[k] = OUTPUT_MAX_BYTES;
    }
    served_open_outputs(&frame->page.served, most_bytes, frame->model.output_count);
}

static bool check_output(const struct tensor_info *info, const struct tensor_info *told, const struct served_output *put,
                         struct tensor *tensor, struct failure *failure)
{
    struct bytes given = {0}, declared = {0};
    size_t bytes;
    *tensor = (struct tensor){told->dtype, told->rank, {0}, put->content.length, put->content.data};
    for (size_t d = 0; d < told->rank; d++)
        tensor->shape[d] = told->shape[d].size;
    bool is_whole = tensor_bytes(told->dtype, told->rank, tensor->shape, &bytes) && bytes == put->content.length;
    bool is_declared = strcmp(told->name, info->name) == 0 && fits(info, tensor);
    add_shape(&given, tensor->rank, tensor->shape);
    add_takes(&declared, info);
    if (!is_whole)
        fail(failure, MISMATCH, "output '%s' is told to be %s %s and has %lld bytes", info->name, dtype_name(told->dtype),
             given.data, (long long)put->content.length);
    else if (!is_declared)
        fail(failure, MISMATCH, "output %s in the model, the page gave '%s', %s %s", declared.data, told->name,
             dtype_name(told->dtype), given.data);
    bytes_free(&given);
    bytes_free(&declared);
    return is_whole && is_declared;
}

static bool keep_all(struct frame *frame, const struct tensor_info *told, const char *run_folder, const char *item,
                     struct json_writer *writer, struct failure *failure)
{
    struct served *served = &frame->page.served;
    size_t count = frame->model.output_count;
    struct tensor *tensors = allocate(count, sizeof *tensors);
    bool good = true;
    for (size_t k = 0; good && k < count; k++)
        good = check_output(&frame->model.outputs[k], &told[k], &served->outputs[k], &tensors[k], failure);
    json_name(writer, "outputs");
    json_open(writer, '[');
    for (size_t k = 0; good && k < count; k++)
        good = output_file_keep(writer, run_folder, frame->arm, item, k, told[k].name, &tensors[k], failure);
    json_close(writer, ']');
    free(tensors);
    return good;
}

bool frame_keep_outputs(struct frame *frame, const struct json_value *answer, const char *run_folder, const char *item,
                        struct json_writer *writer, struct failure *failure)
{
    struct served *served = &frame->page.served;
    struct tensor_info *told;
    size_t count, given = 0;
    bool good = answer_tensors(answer, "outputs", &told, &count, failure);
    for (size_t k = 0; k < served->output_count; k++)
        given += served->outputs[k].is_given;
    if (good && (count != frame->model.output_count || given != count))
        good = fail(failure, MISMATCH, "the model has %d outputs, the page told of %d and gave %d",
                    (int)frame->model.output_count, (int)count, (int)given);
    good = good && keep_all(frame, told, run_folder, item, writer, failure);
    tensor_infos_free(told, count);
    return good;
}

void frame_forget_model(struct frame *frame)
{
    tensor_infos_free(frame->model.inputs, frame->model.input_count);
    tensor_infos_free(frame->model.outputs, frame->model.output_count);
    frame->model.inputs = frame->model.outputs = NULL;
    frame->model.input_count = frame->model.output_count = 0;
}

void frame_close(struct frame *frame)
{
    page_close(&frame->page);
    frame_forget_model(frame);
    settings_free(&frame->settings);
    free(frame->version);
    free(frame);
}
