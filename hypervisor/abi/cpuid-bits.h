/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line per CPU feature: CPUID_BIT(name, featureset word, bit, guest), for
 * whoever includes this with CPUID_BIT defined, any number of times.
 *
 * guest says what an HVM guest sees, given the host has it: CPUID_DEF by
 * default, CPUID_OPT when configured, CPUID_NONE never; nor does it see what
 * has no line. CPUID_ALWAYS it sees on any host: Lodge provides it. Never,
 * because they need more than Lodge has: nested virtualisation, supervisor
 * states, 5-level paging, shadow stacks, MPX, TSX, SGX, bus lock detection.
 *
 * Words and bits are the ABI's (Intel SDM vol. 2A CPUID, AMD APM vol. 3
 * appendix E); guest is policy.
 */
#ifndef CPUID_BIT
#error "define CPUID_BIT(name, word, bit, guest) first"
#endif

/* clang-format off */

/* word 0: CPUID 1 edx */
CPUID_BIT(FPU,                  0,  0, CPUID_DEF)
CPUID_BIT(VME,                  0,  1, CPUID_DEF)
CPUID_BIT(DE,                   0,  2, CPUID_DEF)
CPUID_BIT(PSE,                  0,  3, CPUID_DEF)
CPUID_BIT(TSC,                  0,  4, CPUID_DEF)
CPUID_BIT(MSR,                  0,  5, CPUID_DEF)
CPUID_BIT(PAE,                  0,  6, CPUID_DEF)
CPUID_BIT(MCE,                  0,  7, CPUID_DEF)
CPUID_BIT(CX8,                  0,  8, CPUID_DEF)
CPUID_BIT(APIC,                 0,  9, CPUID_ALWAYS)
CPUID_BIT(SEP,                  0, 11, CPUID_DEF)
CPUID_BIT(MTRR,                 0, 12, CPUID_DEF)
CPUID_BIT(PGE,                  0, 13, CPUID_DEF)
CPUID_BIT(MCA,                  0, 14, CPUID_DEF)
CPUID_BIT(CMOV,                 0, 15, CPUID_DEF)
CPUID_BIT(PAT,                  0, 16, CPUID_DEF)
CPUID_BIT(PSE36,                0, 17, CPUID_DEF)
CPUID_BIT(CLFLUSH,              0, 19, CPUID_DEF)
CPUID_BIT(ACPI,                 0, 22, CPUID_DEF)
CPUID_BIT(MMX,                  0, 23, CPUID_DEF)
CPUID_BIT(FXSR,                 0, 24, CPUID_DEF)
CPUID_BIT(SSE,                  0, 25, CPUID_DEF)
CPUID_BIT(SSE2,                 0, 26, CPUID_DEF)
CPUID_BIT(SS,                   0, 27, CPUID_DEF)
CPUID_BIT(HTT,                  0, 28, CPUID_DEF)

/* word 1: CPUID 1 ecx */
CPUID_BIT(SSE3,                 1,  0, CPUID_DEF)
CPUID_BIT(PCLMULQDQ,            1,  1, CPUID_DEF)
CPUID_BIT(VMX,                  1,  5, CPUID_NONE)
CPUID_BIT(SSSE3,                1,  9, CPUID_DEF)
CPUID_BIT(FMA,                  1, 12, CPUID_DEF)
CPUID_BIT(CX16,                 1, 13, CPUID_DEF)
CPUID_BIT(PCID,                 1, 17, CPUID_DEF)
CPUID_BIT(SSE4_1,               1, 19, CPUID_DEF)
CPUID_BIT(SSE4_2,               1, 20, CPUID_DEF)
CPUID_BIT(X2APIC,               1, 21, CPUID_ALWAYS)
CPUID_BIT(MOVBE,                1, 22, CPUID_DEF)
CPUID_BIT(POPCNT,               1, 23, CPUID_DEF)
CPUID_BIT(TSC_DEADLINE,         1, 24, CPUID_ALWAYS)
CPUID_BIT(AESNI,                1, 25, CPUID_DEF)
CPUID_BIT(XSAVE,                1, 26, CPUID_DEF)
CPUID_BIT(OSXSAVE,              1, 27, CPUID_NONE)
CPUID_BIT(AVX,                  1, 28, CPUID_DEF)
CPUID_BIT(F16C,                 1, 29, CPUID_DEF)
CPUID_BIT(RDRAND,               1, 30, CPUID_DEF)
CPUID_BIT(HYPERVISOR,           1, 31, CPUID_ALWAYS)

/* word 2: CPUID 80000001 edx */
CPUID_BIT(SYSCALL,              2, 11, CPUID_DEF)
CPUID_BIT(NX,                   2, 20, CPUID_DEF)
CPUID_BIT(MMXEXT,               2, 22, CPUID_DEF)
CPUID_BIT(FFXSR,                2, 25, CPUID_DEF)
CPUID_BIT(PAGE1GB,              2, 26, CPUID_DEF)
CPUID_BIT(RDTSCP,               2, 27, CPUID_DEF)
CPUID_BIT(LM,                   2, 29, CPUID_DEF)
CPUID_BIT(3DNOWEXT,             2, 30, CPUID_DEF)
CPUID_BIT(3DNOW,                2, 31, CPUID_DEF)

/* word 3: CPUID 80000001 ecx */
CPUID_BIT(LAHF_LM,              3,  0, CPUID_DEF)
CPUID_BIT(CMP_LEGACY,           3,  1, CPUID_DEF)
CPUID_BIT(SVM,                  3,  2, CPUID_NONE)
CPUID_BIT(CR8_LEGACY,           3,  4, CPUID_DEF)
CPUID_BIT(ABM,                  3,  5, CPUID_DEF)
CPUID_BIT(SSE4A,                3,  6, CPUID_DEF)
CPUID_BIT(MISALIGNSSE,          3,  7, CPUID_DEF)
CPUID_BIT(3DNOWPREFETCH,        3,  8, CPUID_DEF)
CPUID_BIT(XOP,                  3, 11, CPUID_DEF)
CPUID_BIT(FMA4,                 3, 16, CPUID_DEF)
CPUID_BIT(TBM,                  3, 21, CPUID_DEF)
CPUID_BIT(DBEXT,                3, 26, CPUID_DEF)
CPUID_BIT(ADDR_MSK_EXT,         3, 30, CPUID_DEF)

/* word 4: CPUID d.1 eax */
CPUID_BIT(XSAVEOPT,             4,  0, CPUID_DEF)
CPUID_BIT(XSAVEC,               4,  1, CPUID_DEF)
CPUID_BIT(XGETBV1,              4,  2, CPUID_DEF)
CPUID_BIT(XSAVES,               4,  3, CPUID_DEF)

/* word 5: CPUID 7.0 ebx */
CPUID_BIT(FSGSBASE,             5,  0, CPUID_DEF)
CPUID_BIT(TSC_ADJUST,           5,  1, CPUID_DEF)
CPUID_BIT(BMI1,                 5,  3, CPUID_DEF)
CPUID_BIT(AVX2,                 5,  5, CPUID_DEF)
CPUID_BIT(SMEP,                 5,  7, CPUID_DEF)
CPUID_BIT(BMI2,                 5,  8, CPUID_DEF)
CPUID_BIT(ERMS,                 5,  9, CPUID_DEF)
CPUID_BIT(INVPCID,              5, 10, CPUID_DEF)
CPUID_BIT(RTM,                  5, 11, CPUID_NONE)
CPUID_BIT(MPX,                  5, 14, CPUID_NONE)
CPUID_BIT(AVX512F,              5, 16, CPUID_DEF)
CPUID_BIT(AVX512DQ,             5, 17, CPUID_DEF)
CPUID_BIT(RDSEED,               5, 18, CPUID_DEF)
CPUID_BIT(ADX,                  5, 19, CPUID_DEF)
CPUID_BIT(SMAP,                 5, 20, CPUID_DEF)
CPUID_BIT(AVX512_IFMA,          5, 21, CPUID_DEF)
CPUID_BIT(CLFLUSHOPT,           5, 23, CPUID_DEF)
CPUID_BIT(CLWB,                 5, 24, CPUID_DEF)
CPUID_BIT(AVX512CD,             5, 28, CPUID_DEF)
CPUID_BIT(SHA,                  5, 29, CPUID_DEF)
CPUID_BIT(AVX512BW,             5, 30, CPUID_DEF)
CPUID_BIT(AVX512VL,             5, 31, CPUID_DEF)

/* word 6: CPUID 7.0 ecx */
CPUID_BIT(PREFETCHWT1,          6,  0, CPUID_DEF)
CPUID_BIT(AVX512_VBMI,          6,  1, CPUID_DEF)
CPUID_BIT(UMIP,                 6,  2, CPUID_DEF)
CPUID_BIT(PKU,                  6,  3, CPUID_DEF)
CPUID_BIT(OSPKE,                6,  4, CPUID_NONE)
CPUID_BIT(AVX512_VBMI2,         6,  6, CPUID_DEF)
CPUID_BIT(CET_SS,               6,  7, CPUID_NONE)
CPUID_BIT(GFNI,                 6,  8, CPUID_DEF)
CPUID_BIT(VAES,                 6,  9, CPUID_DEF)
CPUID_BIT(VPCLMULQDQ,           6, 10, CPUID_DEF)
CPUID_BIT(AVX512_VNNI,          6, 11, CPUID_DEF)
CPUID_BIT(AVX512_BITALG,        6, 12, CPUID_DEF)
CPUID_BIT(AVX512_VPOPCNTDQ,     6, 14, CPUID_DEF)
CPUID_BIT(LA57,                 6, 16, CPUID_NONE)
CPUID_BIT(RDPID,                6, 22, CPUID_DEF)
CPUID_BIT(CLDEMOTE,             6, 25, CPUID_DEF)
CPUID_BIT(MOVDIRI,              6, 27, CPUID_OPT)
CPUID_BIT(MOVDIR64B,            6, 28, CPUID_OPT)

/* word 7: CPUID 80000007 edx */
CPUID_BIT(ITSC,                 7,  8, CPUID_OPT)

/* word 8: CPUID 80000008 ebx */
CPUID_BIT(CLZERO,               8,  0, CPUID_DEF)
CPUID_BIT(RSTR_FP_ERR_PTRS,     8,  2, CPUID_DEF)
CPUID_BIT(IBPB,                 8, 12, CPUID_DEF)
CPUID_BIT(IBRS,                 8, 14, CPUID_DEF)
CPUID_BIT(AMD_STIBP,            8, 15, CPUID_DEF)
CPUID_BIT(IBRS_ALWAYS,          8, 16, CPUID_DEF)
CPUID_BIT(STIBP_ALWAYS,         8, 17, CPUID_DEF)
CPUID_BIT(IBRS_FAST,            8, 18, CPUID_DEF)
CPUID_BIT(IBRS_SAME_MODE,       8, 19, CPUID_DEF)
CPUID_BIT(NO_LMSL,              8, 20, CPUID_DEF)
CPUID_BIT(AMD_SSBD,             8, 24, CPUID_DEF)
CPUID_BIT(SSB_NO,               8, 26, CPUID_DEF)
CPUID_BIT(PSFD,                 8, 28, CPUID_DEF)
CPUID_BIT(BTC_NO,               8, 29, CPUID_DEF)
CPUID_BIT(IBPB_RET,             8, 30, CPUID_DEF)

/* word 9: CPUID 7.0 edx */
CPUID_BIT(FSRM,                 9,  4, CPUID_DEF)
CPUID_BIT(AVX512_VP2INTERSECT,  9,  8, CPUID_OPT)
CPUID_BIT(MD_CLEAR,             9, 10, CPUID_DEF)
CPUID_BIT(SERIALIZE,            9, 14, CPUID_DEF)
CPUID_BIT(TSXLDTRK,             9, 16, CPUID_OPT)
CPUID_BIT(AVX512_FP16,          9, 23, CPUID_DEF)
CPUID_BIT(IBRSB,                9, 26, CPUID_DEF)
CPUID_BIT(STIBP,                9, 27, CPUID_DEF)
CPUID_BIT(L1D_FLUSH,            9, 28, CPUID_DEF)
CPUID_BIT(ARCH_CAPS,            9, 29, CPUID_DEF)
CPUID_BIT(SSBD,                 9, 31, CPUID_DEF)

/* word 10: CPUID 7.1 eax */
CPUID_BIT(SHA512,              10,  0, CPUID_DEF)
CPUID_BIT(SM3,                 10,  1, CPUID_DEF)
CPUID_BIT(SM4,                 10,  2, CPUID_DEF)
CPUID_BIT(AVX_VNNI,            10,  4, CPUID_DEF)
CPUID_BIT(AVX512_BF16,         10,  5, CPUID_DEF)
CPUID_BIT(CMPCCXADD,           10,  7, CPUID_OPT)
CPUID_BIT(FZRM,                10, 10, CPUID_DEF)
CPUID_BIT(FSRS,                10, 11, CPUID_DEF)
CPUID_BIT(FSRCS,               10, 12, CPUID_DEF)
CPUID_BIT(WRMSRNS,             10, 19, CPUID_DEF)
CPUID_BIT(AVX_IFMA,            10, 23, CPUID_DEF)

/* word 11: CPUID 80000021 eax */
CPUID_BIT(NO_NEST_BP,          11,  0, CPUID_DEF)
CPUID_BIT(FS_GS_NS,            11,  1, CPUID_DEF)
CPUID_BIT(LFENCE_DISPATCH,     11,  2, CPUID_DEF)
CPUID_BIT(VERW_CLEAR,          11,  5, CPUID_DEF)
CPUID_BIT(NSCB,                11,  6, CPUID_DEF)
CPUID_BIT(AUTO_IBRS,           11,  8, CPUID_DEF)
CPUID_BIT(AMD_FSRS,            11, 10, CPUID_DEF)
CPUID_BIT(AMD_FSRC,            11, 11, CPUID_DEF)
CPUID_BIT(EPSF,                11, 18, CPUID_DEF)
CPUID_BIT(FSRSC,               11, 19, CPUID_DEF)
CPUID_BIT(AMD_PREFETCHI,       11, 20, CPUID_DEF)
CPUID_BIT(SBPB,                11, 27, CPUID_DEF)
CPUID_BIT(IBPB_BRTYPE,         11, 28, CPUID_DEF)
CPUID_BIT(SRSO_NO,             11, 29, CPUID_DEF)
CPUID_BIT(SRSO_US_NO,          11, 30, CPUID_DEF)
CPUID_BIT(SRSO_MSR_FIX,        11, 31, CPUID_NONE)

/* word 13: CPUID 7.2 edx */
CPUID_BIT(INTEL_PSFD,          13,  0, CPUID_DEF)
CPUID_BIT(IPRED_CTRL,          13,  1, CPUID_DEF)
CPUID_BIT(RRSBA_CTRL,          13,  2, CPUID_DEF)
CPUID_BIT(BHI_CTRL,            13,  4, CPUID_DEF)
CPUID_BIT(MCDT_NO,             13,  5, CPUID_DEF)

/* word 15: CPUID 7.1 edx */
CPUID_BIT(AVX_VNNI_INT8,       15,  4, CPUID_DEF)
CPUID_BIT(AVX_NE_CONVERT,      15,  5, CPUID_DEF)
CPUID_BIT(AVX_VNNI_INT16,      15, 10, CPUID_DEF)
CPUID_BIT(PREFETCHI,           15, 14, CPUID_DEF)

/* word 16: MSR 10a (ARCH_CAPABILITIES), low half */
CPUID_BIT(RDCL_NO,             16,  0, CPUID_DEF)
CPUID_BIT(EIBRS,               16,  1, CPUID_DEF)
CPUID_BIT(RSBA,                16,  2, CPUID_DEF)
CPUID_BIT(SKIP_L1DFL,          16,  3, CPUID_NONE)
CPUID_BIT(INTEL_SSB_NO,        16,  4, CPUID_DEF)
CPUID_BIT(MDS_NO,              16,  5, CPUID_DEF)
CPUID_BIT(IF_PSCHANGE_MC_NO,   16,  6, CPUID_DEF)
CPUID_BIT(TAA_NO,              16,  8, CPUID_DEF)
CPUID_BIT(SBDR_SSDP_NO,        16, 13, CPUID_DEF)
CPUID_BIT(FBSDP_NO,            16, 14, CPUID_DEF)
CPUID_BIT(PSDP_NO,             16, 15, CPUID_DEF)
CPUID_BIT(FB_CLEAR,            16, 17, CPUID_DEF)
CPUID_BIT(RRSBA,               16, 19, CPUID_DEF)
CPUID_BIT(BHI_NO,              16, 20, CPUID_DEF)
CPUID_BIT(PBRSB_NO,            16, 24, CPUID_DEF)
CPUID_BIT(GDS_NO,              16, 26, CPUID_DEF)
CPUID_BIT(RFDS_NO,             16, 27, CPUID_DEF)
CPUID_BIT(RFDS_CLEAR,          16, 28, CPUID_DEF)

/* word 17: MSR 10a, high half */
CPUID_BIT(ITS_NO,              17, 30, CPUID_DEF)

/* word 18: CPUID 80000021 ecx */
CPUID_BIT(TSA_SQ_NO,           18,  1, CPUID_DEF)
CPUID_BIT(TSA_L1_NO,           18,  2, CPUID_DEF)

/* clang-format on */
