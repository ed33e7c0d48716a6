// Philox 4x32-10: a counter-based generator. The same key and counter give the same four words
// everywhere, so a random number depends on its address alone and never on who draws it.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef CPHILOX_H
#define CPHILOX_H

#include <stdint.h>

typedef struct { uint32_t word[4]; } philox_block;

/// The four random words at `counter` under `key`.
static inline philox_block philox4x32(philox_block counter, uint64_t key) {
  uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t product0 = (uint64_t)0xD2511F53u * counter.word[0];
    uint64_t product1 = (uint64_t)0xCD9E8D57u * counter.word[2];
    counter = (philox_block){{
        (uint32_t)(product1 >> 32) ^ counter.word[1] ^ key0, (uint32_t)product1,
        (uint32_t)(product0 >> 32) ^ counter.word[3] ^ key1, (uint32_t)product0}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

/// A word as a float in [0, 1): the upper 24 bits, so that every value is exact.
static inline float philox_unit_float(uint32_t word) { return (float)(word >> 8) * 0x1.0p-24f; }

#endif
