//! A small profile of four inks (ICC.1:2022, 8.3 and 10.10).

/// L*a*b* of the three first inks and their mixtures, by the bits of their number; black takes all light.
const CORNERS: [[f64; 3]; 8] = [
    [100.0, 0.0, 0.0],
    [60.5, -26.0, -43.5],
    [48.0, 74.0, -3.0],
    [24.0, 17.0, -46.0],
    [89.0, -5.0, 93.0],
    [50.0, -65.0, 27.0],
    [47.0, 68.0, 48.0],
    [23.0, 0.0, 0.0],
];

/// Steps of an ink in the table. With fewer, programs differ by how they interpolate.
const STEPS: usize = 7;

/// The mixture of the corners by how much of each ink there is, 0 to 1.
fn mixed(inks: [f64; 4]) -> [f64; 3] {
    let weight = |corner: usize| {
        let of = |ink: usize| if corner >> ink & 1 == 1 { inks[ink] } else { 1.0 - inks[ink] };
        of(0) * of(1) * of(2) * (1.0 - inks[3])
    };
    [0, 1, 2].map(|axis| (0..8).map(|corner| weight(corner) * CORNERS[corner][axis]).sum())
}

pub(crate) fn encoded() -> Vec<u8> {
    let mut table = [&b"mft1\0\0\0\0\x04\x03"[..], &[STEPS as u8, 0]].concat();
    for value in [1_u32, 0, 0, 0, 1, 0, 0, 0, 1] {
        table.extend((value << 16).to_be_bytes());
    }
    table.extend((0..4).flat_map(|_| 0..=255_u8));
    // The first ink changes slowest.
    for at in 0..STEPS.pow(4) {
        let ink = |place: u32| (at / STEPS.pow(place) % STEPS) as f64 / (STEPS - 1) as f64;
        let [l, a, b] = mixed([ink(3), ink(2), ink(1), ink(0)]);
        table.extend([(l * 2.55).round() as u8, (a + 128.0).round() as u8, (b + 128.0).round() as u8]);
    }
    table.extend((0..3).flat_map(|_| 0..=255_u8));
    table.extend(vec![0; (4 - table.len() % 4) % 4]);
    let white = b"XYZ \0\0\0\0\0\0\xf6\xd6\0\x01\0\0\0\0\xd3\x2d";
    let start = 128 + 4 + 12 * 4;
    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&white[8..]);
    profile.extend(4_u32.to_be_bytes());
    for (name, at, length) in [
        (b"A2B0", start, table.len()),
        (b"A2B1", start, table.len()),
        (b"A2B2", start, table.len()),
        (b"wtpt", start + table.len(), white.len()),
    ] {
        profile.extend(name);
        profile.extend((at as u32).to_be_bytes());
        profile.extend((length as u32).to_be_bytes());
    }
    profile.extend(table);
    profile.extend(white);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}
