#include <zlib.h>

// A macro in zlib, which Swift does not see: for gzip's format, whatever the largest window.
static inline int caravan_begin_gunzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
