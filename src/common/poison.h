/* Memory that nothing may touch for now, as AddressSanitizer is told; nothing where it is not built in. */
#ifndef HUKS_COMMON_POISON_H
#define HUKS_COMMON_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define POISON_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ASAN 1
#endif
#endif

#ifdef POISON_ASAN
#include <sanitizer/asan_interface.h>
#define poison(data, size)   __asan_poison_memory_region((data), (size))
#define unpoison(data, size) __asan_unpoison_memory_region((data), (size))
#else
#define poison(data, size)   ((void)(data), (void)(size))
#define unpoison(data, size) ((void)(data), (void)(size))
#endif

#endif
