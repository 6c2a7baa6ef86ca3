//! Families of files with parameters, each at one of some choices.

use super::files::{
    Content, animated_webp, colliding_attributes, compound, compound_deep, gif, gif_frames_beyond, jpeg_scans,
    jpeg_tables, nested_package, package_of_entries, png, still_webp, webp_groups,
};

/// xorshift64*.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) extension: &'static str,
    pub(crate) parameters: &'static [(&'static str, &'static [usize])],
    pub(crate) make: fn(&[usize]) -> Vec<u8>,
}

const CONTENTS: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const SIDES: &[usize] = &[1, 8, 64, 200, 400, 640, 900, 1080, 1440, 1920, 2600, 4000, 6000, 8000, 16_000, 20_000];

pub(crate) const FAMILIES: [Family; 13] = [
    Family {
        name: "gif",
        extension: "gif",
        parameters: &[
            ("frames", &[1, 2, 8, 24, 48, 100, 300, 600]),
            ("width", SIDES),
            ("height", SIDES),
            ("content", CONTENTS),
            ("disposal", &[0, 1, 2]),
            ("transparent", &[0, 1]),
        ],
        make: |it| gif(it[0], (it[1], it[2]), Content(it[3]), it[4], it[5] == 1),
    },
    Family {
        name: "gif beyond its canvas",
        extension: "gif",
        parameters: &[("frames", &[2, 3, 10, 100, 600]), ("side", &[100, 1000, 4000, 8000, 30_000, 65_535])],
        make: |it| gif_frames_beyond(it[0], it[1]),
    },
    Family {
        name: "webp animated",
        extension: "webp",
        parameters: &[
            ("frames", &[2, 8, 24, 48, 100, 300, 600]),
            ("width", SIDES),
            ("height", SIDES),
            ("content", CONTENTS),
            ("lossless", &[0, 1]),
            ("flags", &[0, 1, 2, 3]),
            ("profile", &[0, 1]),
        ],
        make: |it| animated_webp(it[0], (it[1], it[2]), Content(it[3]), it[4] == 1, it[5] as u8, it[6] == 1),
    },
    Family {
        name: "webp",
        extension: "webp",
        parameters: &[("width", SIDES), ("height", SIDES), ("content", CONTENTS), ("lossless", &[0, 1])],
        make: |it| still_webp((it[0], it[1]), Content(it[2]), it[3] == 1),
    },
    Family {
        name: "webp groups",
        extension: "webp",
        parameters: &[
            ("groups", &[1, 256, 4096, 16_384, 65_536]),
            ("depth", &[2, 6, 10, 12, 14]),
            ("side", &[8, 512, 4000]),
        ],
        make: |it| webp_groups(it[0], it[1], it[2]),
    },
    Family {
        name: "png",
        extension: "png",
        parameters: &[
            ("width", SIDES),
            ("height", SIDES),
            ("content", CONTENTS),
            ("color", &[0, 2, 4, 6]),
            ("bits", &[8, 16]),
            ("interlaced", &[0, 1]),
            ("profile", &[0, 1]),
            ("alpha", &[0, 1, 2]),
        ],
        make: |it| png((it[0], it[1]), Content(it[2]), it[3] as u8, it[4] as u8, it[5] == 1, it[6] == 1, it[7]),
    },
    Family {
        name: "jpeg scans",
        extension: "jpg",
        parameters: &[
            ("width", SIDES),
            ("height", SIDES),
            ("components", &[1, 3, 4]),
            ("sampling", &[1, 2]),
            ("levels", &[0, 1, 3, 6, 9, 11, 13]),
            ("bands", &[1, 3, 7]),
            ("noise", &[0, 1]),
            ("profile", &[0, 1]),
        ],
        make: |it| jpeg_scans((it[0], it[1]), it[2], it[3], it[4], it[5], it[6] == 1, it[7] == 1),
    },
    Family {
        name: "jpeg tables",
        extension: "jpg",
        parameters: &[("tables", &[1, 1000, 20_000, 60_000]), ("components", &[1, 3, 4]), ("symbols", &[12, 162, 256])],
        make: |it| jpeg_tables(it[0], it[1], it[2]),
    },
    Family {
        name: "xml attributes",
        extension: "docx",
        parameters: &[("count", &[10, 1000, 30_000, 100_000, 400_000]), ("kind", &[0, 1, 2])],
        make: |it| colliding_attributes(it[0], it[1]),
    },
    Family {
        name: "package entries",
        extension: "docx",
        parameters: &[("entries", &[1, 100, 5000, 9990]), ("kilobytes", &[1, 50, 500, 5_000, 100_000, 500_000])],
        make: |it| package_of_entries(it[0], it[1]),
    },
    Family {
        name: "nested packages",
        extension: "docx",
        parameters: &[("depth", &[0, 1, 2, 3]), ("within", &[1, 8, 40, 400]), ("list", &[0, 100, 1000, 4000])],
        make: |it| nested_package(it[0], it[1], it[2]),
    },
    Family {
        name: "compound",
        extension: "doc",
        parameters: &[("entries", &[10, 1000, 30_000, 80_000]), ("nested", &[0, 1]), ("name", &[1, 31])],
        make: |it| compound(it[0], it[1] == 1, it[2]),
    },
    Family {
        name: "compound within",
        extension: "docx",
        parameters: &[("entries", &[10, 1000, 30_000, 200_000, 1_000_000]), ("nested", &[0, 1]), ("name", &[1, 31])],
        make: |it| compound_deep(it[0], it[1] == 1, it[2]),
    },
];
