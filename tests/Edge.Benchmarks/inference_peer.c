/* Classifies windows through ONNX Runtime's C API, for the comparison of `inference`: as little as a C programmer would write around the same file with the same options.
   usage: inference_peer MODEL OPTIONS SPEC VALUES WINDOWS
     OPTIONS  lines "threads INTRA INTER", "arena cpu 0|1", "entry KEY VALUE" of the session, and "mallopt NUMBER VALUE" of the process
     SPEC     lines "in NAME RANK DIMS..." and "out NAME RANK DIMS...", float32; the first input is the window
     VALUES   float32 of the other inputs, in their order
     WINDOWS  float32 windows, one after another
   It says "ready" with the options that it has set, as Edge says its own,
   then on standard input lines with a number of windows; for each a line of nanoseconds, one number a window, and behind them the sum of the probabilities of all best classes.
   usage: inference_peer peak
   for each byte on standard input 0.4 s of independent multiply-adds on registers, and a line with their GFLOP/s in float32: the median over some milliseconds each, so that several of these programs can be asked at once. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "onnxruntime_c_api.h"

#define MOST 32

static const OrtApi *api;

static void check(OrtStatus *status)
{
    if (status == NULL) return;
    fprintf(stderr, "%s\n", api->GetErrorMessage(status));
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

typedef float lanes __attribute__((vector_size(64)));

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void peak(void)
{
    enum { CHAINS = 12, TIMES = 500000, ATTEMPTS = 400 };
    lanes sum[CHAINS], factor, term;
    for (int k = 0; k < 16; k++) { factor[k] = 0.999f; term[k] = 0.001f; }
    memset(sum, 0, sizeof sum);
    static double rates[ATTEMPTS];
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF)
    {
        int attempt = 0;
        for (int64_t begin = now(), start = begin; attempt < ATTEMPTS && start - begin < INT64_C(400000000); attempt++)
        {
            for (int i = 0; i < TIMES; i++)
                for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * factor + term;
            int64_t end = now();
            rates[attempt] = 2.0 * 16 * CHAINS * TIMES / (double)(end - start);
            start = end;
        }

        qsort(rates, attempt, sizeof *rates, by_size);
        float keep = 0;
        for (int c = 0; c < CHAINS; c++) keep += sum[c][0];
        printf("%.1f %s\n", rates[attempt / 2], keep > 1e30f ? "!" : "");
        fflush(stdout);
    }
}

static void *read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    void *content = malloc(*bytes + 1);
    if (fread(content, 1, *bytes, file) != *bytes) { perror(path); exit(1); }
    fclose(file);
    return content;
}

/* Sets what the file says, and writes down what it has set. */
static void set_options(const char *path, OrtSessionOptions *options, char *told)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) { perror(path); exit(1); }
    char kind[16], key[128], value[64];
    while (fscanf(file, "%15s %127s %63s", kind, key, value) == 3)
    {
        if (strcmp(kind, "threads") == 0)
        {
            check(api->SetIntraOpNumThreads(options, atoi(key)));
            check(api->SetInterOpNumThreads(options, atoi(value)));
            check(api->SetSessionExecutionMode(options, ORT_SEQUENTIAL));
            told += sprintf(told, "intra-op threads %s, inter-op threads %s, sequential", key, value);
        }
        else if (strcmp(kind, "arena") == 0)
        {
            int on = atoi(value);
            check(on ? api->EnableCpuMemArena(options) : api->DisableCpuMemArena(options));
            told += sprintf(told, ", arena %s", on ? "on" : "off");
        }
        else if (strcmp(kind, "entry") == 0)
        {
            check(api->AddSessionConfigEntry(options, key, value));
            told += sprintf(told, ", %s %s", key, value);
        }
        else if (strcmp(kind, "mallopt") != 0 || mallopt(atoi(key), atoi(value)) != 1)
        {
            fprintf(stderr, "%s: '%s %s %s' cannot be set\n", path, kind, key, value);
            exit(1);
        }
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "peak") == 0) { peak(); return 0; }
    if (argc != 6) { fprintf(stderr, "usage: inference_peer MODEL OPTIONS SPEC VALUES WINDOWS\n"); return 2; }
    api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    OrtEnv *env;
    OrtSessionOptions *options;
    OrtSession *session;
    OrtMemoryInfo *memory;
    OrtRunOptions *run;
    check(api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "peer", &env));
    check(api->CreateSessionOptions(&options));
    static char told[1024];
    set_options(argv[2], options, told);
    check(api->CreateSession(env, argv[1], options, &session));
    check(api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory));
    check(api->CreateRunOptions(&run));

    size_t bytes;
    float *values = read_file(argv[4], &bytes), *windows = read_file(argv[5], &bytes), *window = NULL, *probability = NULL;
    size_t window_bytes = 0, class_count = 0;
    static char names[2][MOST][64];
    const char *input_names[MOST], *output_names[MOST];
    OrtValue *inputs[MOST], *outputs[MOST];
    size_t input_count = 0, output_count = 0;
    FILE *spec = fopen(argv[3], "r");
    if (spec == NULL) { perror(argv[3]); return 1; }
    char kind[8], name[64];
    int rank;
    while (fscanf(spec, "%7s %63s %d", kind, name, &rank) == 3)
    {
        int64_t shape[8];
        size_t count = 1;
        for (int k = 0; k < rank; k++)
        {
            long long size;
            if (fscanf(spec, "%lld", &size) != 1) return 1;
            shape[k] = size;
            count *= (size_t)size;
        }
        int is_input = strcmp(kind, "in") == 0;
        float *data = is_input && input_count > 0 ? values : calloc(count, sizeof(float));
        size_t *index = is_input ? &input_count : &output_count;
        char *kept = names[is_input][*index];
        strcpy(kept, name);
        if (is_input && input_count == 0) { window = data; window_bytes = count * sizeof(float); }
        else if (is_input) values += count;
        if (strcmp(name, "probability") == 0) { probability = data; class_count = count; }
        (is_input ? input_names : output_names)[*index] = kept;
        check(api->CreateTensorWithDataAsOrtValue(memory, data, count * sizeof(float), shape, (size_t)rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &(is_input ? inputs : outputs)[*index]));
        ++*index;
    }
    fclose(spec);

    size_t available = bytes / window_bytes, next = 0;
    printf("ready %s\n", told);
    fflush(stdout);
    int wanted;
    while (scanf("%d", &wanted) == 1)
    {
        double sum = 0;
        for (int i = 0; i < wanted; i++)
        {
            const char *from = (const char *)windows + next * window_bytes;
            next = (next + 1) % available;
            int64_t start = now();
            memcpy(window, from, window_bytes);
            check(api->Run(session, run, input_names, (const OrtValue *const *)inputs, input_count, output_names, output_count, outputs));
            float best = probability[0];
            for (size_t c = 1; c < class_count; c++) if (probability[c] > best) best = probability[c];
            printf("%lld ", (long long)(now() - start));
            sum += best;
        }
        printf("%.6f\n", sum);
        fflush(stdout);
    }
    return 0;
}
