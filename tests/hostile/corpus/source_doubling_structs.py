# tries: thirty structs, each twice the one before
# stopped by: a type's size
# expect: refused E600
from corten.lang import contract, message, struct, u32


@struct
class S0:
    a: u32
    b: u32

@struct
class S1:
    a: S0
    b: S0

@struct
class S2:
    a: S1
    b: S1

@struct
class S3:
    a: S2
    b: S2

@struct
class S4:
    a: S3
    b: S3

@struct
class S5:
    a: S4
    b: S4

@struct
class S6:
    a: S5
    b: S5

@struct
class S7:
    a: S6
    b: S6

@struct
class S8:
    a: S7
    b: S7

@struct
class S9:
    a: S8
    b: S8

@struct
class S10:
    a: S9
    b: S9

@struct
class S11:
    a: S10
    b: S10

@struct
class S12:
    a: S11
    b: S11

@struct
class S13:
    a: S12
    b: S12

@struct
class S14:
    a: S13
    b: S13

@struct
class S15:
    a: S14
    b: S14

@struct
class S16:
    a: S15
    b: S15

@struct
class S17:
    a: S16
    b: S16

@struct
class S18:
    a: S17
    b: S17

@struct
class S19:
    a: S18
    b: S18

@struct
class S20:
    a: S19
    b: S19

@struct
class S21:
    a: S20
    b: S20

@struct
class S22:
    a: S21
    b: S21

@struct
class S23:
    a: S22
    b: S22

@struct
class S24:
    a: S23
    b: S23

@struct
class S25:
    a: S24
    b: S24

@struct
class S26:
    a: S25
    b: S25

@struct
class S27:
    a: S26
    b: S26

@struct
class S28:
    a: S27
    b: S27

@struct
class S29:
    a: S28
    b: S28


@contract
class Hostile:
    n: u32
    s: S29

    @message
    def attack(self, n: u32) -> None:
        self.n = n
