/* One output tensor kept as .npy. */
#ifndef BAKEOFF_OUTPUT_FILE_H
#define BAKEOFF_OUTPUT_FILE_H

#include "runtimes/dtype.h"
#include "platform/failure.h"
#include "json/json_writer.h"

/* Writes `outputs/<arm>/<item>.<k>.npy` below the folder, on disk under its name only when whole, and to the writer its
 * `harness.documents.records.OutputFile`. */
bool output_file_keep(struct json_writer *writer, const char *folder, const char *arm, const char *item, size_t k,
                      const char *tensor_name, const struct tensor *tensor, struct failure *failure);

#endif
