#pragma once

#include <stdint.h>

/* Every bound on what comes from outside, in one place (not "limits.h", which would
 * hide the system header of that name from every library that wants it). Whatever is larger is
 * refused with ERROR_LIMIT before anything is allocated for it. */

#define LIMIT_DIMENSION         ((uint64_t)1 << 30) /* rows or columns of a matrix; BLAS takes 31 bits */
#define LIMIT_ELEMENTS          ((uint64_t)1 << 34) /* entries of a matrix */
#define LIMIT_PICTURE_SIDE      ((uint64_t)1 << 16) /* pixels */
#define LIMIT_PICTURE_PIXELS    ((uint64_t)1 << 28)
#define LIMIT_PNG_CHUNK         ((uint64_t)8 << 20) /* bytes of an ancillary chunk */
#define LIMIT_DECODED_FILE      ((uint64_t)1 << 30) /* bytes of a JPEG, BMP or TGA: all in memory */
#define LIMIT_NPY_HEADER        ((uint64_t)64 << 10) /* bytes; numpy itself stops at 10,000 */
#define LIMIT_NPY_DIMENSIONS    32
#define LIMIT_JSON_HEADER       ((uint64_t)16 << 20) /* bytes of a safetensors header */
#define LIMIT_GGUF_HEADER       ((uint64_t)64 << 20) /* bytes walked over, tokens and all */
#define LIMIT_GGUF_KEYS         ((uint64_t)1 << 14)
#define LIMIT_GGUF_KEY          1024                 /* bytes of a key */
#define LIMIT_GGUF_TENSORS      ((uint64_t)1 << 16)  /* of one file */
#define LIMIT_GGUF_ALIGNMENT    ((uint64_t)1 << 20)  /* bytes */
#define LIMIT_GGUF_FILES        512                  /* of a split document; each stays open */
#define LIMIT_ARCHIVE_FILES     (1 << 13)            /* of a .npz */
#define LIMIT_ARCHIVE_DIRECTORY ((uint64_t)16 << 20) /* bytes */
#define LIMIT_SHARDS            512 /* safetensors files of one index; each stays open */
#define LIMIT_CONFIGURATION     ((uint64_t)1 << 20) /* bytes of a config.json */
#define LIMIT_EXPERTS           1024                /* matrices in one tensor of GGUF */
#define LIMIT_TENSORS           ((uint64_t)1 << 20)
#define LIMIT_LEDGER            ((uint64_t)64 << 20) /* bytes of what was spent */
#define LIMIT_FACTS             ((uint64_t)1 << 14)  /* that a document tells */
/* Bytes, with the NUL, of a matrix's name as exports and screens carry it; longer ones are cut
 * between characters, and told apart by a number where they then collide. */
enum { NAME_TEXT = 256 };

#define LIMIT_NAME 1024 /* bytes of a tensor's name */
