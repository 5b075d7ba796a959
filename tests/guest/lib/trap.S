/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One stub of 16 bytes per vector, the way into trap_entry() and back, and
 * the way to CPL 3 and back.
 */
    .text

    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vec, 0
    .rept 256
    .balign 16
    .if !(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17)
    push $0
    .endif
    push $vec
    jmp trap_common
    .set vec, vec + 1
    .endr

#ifdef __x86_64__

trap_common:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    call trap_entry
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

/* user_enter(fn, arg, user stack, where to save RSP, where RSP0 is) */
    .globl user_enter
user_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rcx)
    mov %rsp, (%r8)
    movabs $user_leave, %rax
    sub $8, %rdx
    mov %rax, (%rdx)
    push $0x3b
    push %rdx
    push $2
    push $0x43
    push %rdi
    mov %rsi, %rdi
    iretq

/* INT 80h at CPL 3: back to who called user_enter(). */
    .globl user_end
user_end:
    mov %rsp, %rbx
    and $~0x7fff, %rbx
    mov user_return_offset(%rip), %ecx
    mov (%rbx, %rcx), %rsp
    mov $0x10, %ecx
    mov %ecx, %ss
    mov %ecx, %ds
    mov %ecx, %es
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

#else

trap_common:
    pusha
    push %ds
    push %es
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    cld
    mov %esp, %eax
    push %eax
    call trap_entry
    add $4, %esp
    pop %es
    pop %ds
    popa
    add $8, %esp
    iret

    .globl user_enter
user_enter:
    mov 4(%esp), %eax
    mov 8(%esp), %ecx
    mov 12(%esp), %edx
    push %ebx
    push %ebp
    push %esi
    push %edi
    mov 36(%esp), %ebx
    mov 32(%esp), %esi
    mov %esp, (%esi)
    mov %esp, (%ebx)
    mov %ecx, -4(%edx)
    movl $user_leave, -8(%edx)
    sub $8, %edx
    push $0x3b
    push %edx
    push $2
    push $0x43
    push %eax
    mov $0x3b, %eax
    mov %eax, %ds
    mov %eax, %es
    iret

    .globl user_end
user_end:
    mov $0x10, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %esp, %ebx
    and $~0x7fff, %ebx
    mov user_return_offset, %ecx
    mov (%ebx, %ecx), %esp
    pop %edi
    pop %esi
    pop %ebp
    pop %ebx
    ret

#endif

    .section .user.text, "ax"
user_leave:
    int $0x80

    .section .note.GNU-stack, "", @progbits
