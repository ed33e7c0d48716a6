#include <oneapi/dnnl/dnnl.h>

#include "CKernels.h"
#include "variants.h"

_Atomic(int) ck_chosen_isa;
static _Atomic(bool) is_portable;

// What the kernels take where oneDNN takes `isa`: there is one instruction set, whether the option, the variable
// DNNL_MAX_CPU_ISA or the CPU sets it. Levels rise, so the larger of two is the one with more instructions.
static ck_isa level_of(dnnl_cpu_isa_t isa) {
  switch (isa) {
    case dnnl_cpu_isa_avx512_core_bf16:
    case dnnl_cpu_isa_avx512_core_amx: return CK_AVX512_BF16;
    case dnnl_cpu_isa_avx512_core:
    case dnnl_cpu_isa_avx512_core_vnni: return CK_AVX512;
    case dnnl_cpu_isa_avx2:
    case dnnl_cpu_isa_avx2_vnni:
    case dnnl_cpu_isa_avx512_mic:
    case dnnl_cpu_isa_avx512_mic_4ops: return CK_AVX2;
    default: return CK_PLAIN;
  }
}

// With AVX-512's later instructions oneDNN has other products of integers, and no others of float32.
static dnnl_cpu_isa_t highest_of(ck_isa level) {
  switch (level) {
    case CK_PLAIN: return dnnl_cpu_isa_sse41;
    case CK_AVX2: return dnnl_cpu_isa_avx2;
    case CK_AVX512: return dnnl_cpu_isa_avx512_core;
    case CK_AVX512_BF16: return dnnl_cpu_isa_avx512_core_bf16;
  }
}

ck_isa ck_cpu_isa(void) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("x86-64-v3")) return CK_PLAIN;
  if (!__builtin_cpu_supports("x86-64-v4")) return CK_AVX2;
  return __builtin_cpu_supports("avx512bf16") ? CK_AVX512_BF16 : CK_AVX512;
#else
  return CK_PLAIN;
#endif
}

// Every thread that comes here first finds the same.
int ck_choose_isa(void) {
  const ck_isa of_products = level_of(dnnl_get_effective_cpu_isa()), of_cpu = ck_cpu_isa();
  ck_isa chosen = of_products < of_cpu ? of_products : of_cpu;
  // Of the levels that have the same bits, the nearest.
  if (is_portable && chosen < CK_AVX2) chosen = CK_AVX2;
  if (is_portable && chosen > CK_AVX512) chosen = CK_AVX512;
  atomic_store_explicit(&ck_chosen_isa, chosen, memory_order_relaxed);
  return chosen;
}

ck_isa ck_isa_in_use(void) { return (ck_isa)ck_isa_of_kernels(); }

bool ck_is_portable(void) { return atomic_load_explicit(&is_portable, memory_order_relaxed); }

ck_pin_status ck_pin_portable(void) {
  if (ck_cpu_isa() < CK_AVX2) return CK_CPU_LACKS_ISA;
  if (!is_portable && ck_chosen_isa) return CK_ISA_IN_USE;
  is_portable = true;
  ck_choose_isa();
  return CK_PINNED;
}

ck_pin_status ck_pin_instruction_set(ck_isa level) {
  if (ck_cpu_isa() < level) return CK_CPU_LACKS_ISA;
  if (is_portable) return CK_ISA_IN_USE;
  // Refused once oneDNN has chosen, and by a oneDNN that was built without the choice.
  if (dnnl_set_max_cpu_isa(highest_of(level)) != dnnl_success &&
      dnnl_get_effective_cpu_isa() != highest_of(level))
    return CK_ISA_IN_USE;
  return ck_isa_in_use() == level ? CK_PINNED : CK_ISA_IN_USE;
}

const char *ck_instruction_set(void) {
  if (is_portable) return "portable";
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse41";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return ck_isa_in_use() == CK_AVX2 ? "avx2" : "avx2 with plain kernels";
    case dnnl_cpu_isa_avx2_vnni: return "avx2_vnni";
    case dnnl_cpu_isa_avx512_mic:
    case dnnl_cpu_isa_avx512_mic_4ops: return "avx512_mic";
    case dnnl_cpu_isa_avx512_core: return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx: return "avx512_core_amx";
    default: return "other";
  }
}

bool ck_has_bf16(void) { return ck_isa_in_use() == CK_AVX512_BF16; }
