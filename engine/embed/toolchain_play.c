#include "engine/embed/toolchain_play.h"

#include "engine/play/play.h"

enum { FAILURES_KEPT = 100, TEXT_BYTES_MAX = 1024 * 1024 };

struct collector {
    struct arena *arena;
    struct toolchain_diagnostic *failures;
    uint32_t count;
    struct buf text;
};

static void keep_failures(void *context, const struct play_report *report)
{
    struct collector *collector = context;
    struct arena *arena = collector->arena;
    play_render(report, &collector->text);
    for (uint32_t i = 0; i < report->failure_count && collector->count < FAILURES_KEPT; i++) {
        const struct play_failure *failure = &report->failures[i];
        collector->failures[collector->count++] = (struct toolchain_diagnostic){
            .code = SLICE("test"),
            .severity = SLICE("error"),
            .message = arena_format(arena, "test \"%.*s\": expected %.*s, found %.*s",
                                    SLICE_PRINT(report->plan->title),
                                    SLICE_PRINT(failure->expected), SLICE_PRINT(failure->found)),
            .file = arena_copy(arena, report->plan->file),
            .line = failure->line,
            .column = failure->column,
        };
    }
}

void toolchain_play(void *context, const struct compile_result *compiled, struct arena *arena,
                    struct toolchain_tests *ret_tests)
{
    const struct toolchain_company *company = context;
    const struct play_options options = { .currency = company->currency,
                                          .region = company->region };
    struct collector collector = { .arena = arena };
    collector.failures = ARENA_ARRAY(arena, struct toolchain_diagnostic, FAILURES_KEPT);
    buf_init(&collector.text, TEXT_BYTES_MAX);
    struct play_summary summary = { 0 };
    enum err err = play_run(compiled, &options, keep_failures, &collector, &summary);
    if (err != OK) { // a test that could not be run has not passed
        summary.failed++;
        collector.failures[0] = (struct toolchain_diagnostic){
            .code = SLICE("test"),
            .severity = SLICE("error"),
            .message = slice_from_cstr(err_sentence(err)),
        };
        collector.count = 1;
    }
    *ret_tests = (struct toolchain_tests){
        .run = summary.tests,
        .failed = summary.failed,
        .failures = collector.failures,
        .failure_count = collector.count,
        .text = arena_copy(arena, buf_slice(&collector.text)),
    };
    buf_done(&collector.text);
}
