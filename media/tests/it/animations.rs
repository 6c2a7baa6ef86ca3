//! Animations, frame by frame.

use std::io::Cursor;

use image::codecs::gif::Repeat;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Frame, Rgba, RgbaImage};
use media::picture::{ANIMATION_PIXELS_MAX, FRAMES_MAX, frames};
use media::{Kind, Rejection};

use crate::compositor::{Disposal, Patch, Random, first_difference, gif, random_patches, webp};
use crate::support::{animation, assert_near, picture, refused};

#[track_caller]
fn assert_composed(kind: Kind, bytes: &[u8], size: (u32, u32), patches: &[Patch], context: &str) {
    let found = frames(kind, bytes).unwrap();
    assert_eq!(first_difference(&found, size, patches), None, "{context}");
    let durations = patches.iter().map(|patch| patch.duration_ms);
    assert!(found.iter().map(|frame| frame.duration_ms).eq(durations), "{context}");
}

#[test]
fn frames_of_a_webp_are_blended_and_disposed_of_as_browsers_do() {
    for seed in 1..=150 {
        let mut random = Random(seed * 7919);
        let size = (4 + random.below(30), 4 + random.below(30));
        let patches = random_patches(&mut random, size, true);
        assert_composed(Kind::Webp, &webp(size, &patches, &[]), size, &patches, &format!("seed {seed}"));
    }
}

#[test]
fn frames_of_a_gif_are_disposed_of_as_browsers_do() {
    for seed in 1..=150 {
        let mut random = Random(seed * 104_729);
        let size = (2 + random.below(40), 2 + random.below(40));
        let patches = random_patches(&mut random, size, false);
        assert_composed(Kind::Gif, &gif(size, &patches), size, &patches, &format!("seed {seed}"));
    }
}

#[test]
fn what_is_disposed_of_is_transparent_in_the_stored_picture() {
    let dot = |at| Patch {
        at,
        pixels: RgbaImage::from_pixel(40, 40, Rgba([200, 30, 30, 255])),
        blends: false,
        disposal: Disposal::Clear,
        duration_ms: 100,
    };
    let size = (120, 120);
    let small = picture(Kind::Webp, &webp(size, &[dot((0, 0)), dot((80, 80)), dot((0, 80))], &[]));
    // Read back by what the tests above compare: the decoder of `image` does not clear what is disposed of.
    let last = frames(Kind::Webp, &small.bytes).unwrap().pop().unwrap().pixels;
    assert_near(*last.get_pixel(20, 100), [200, 30, 30], 12);
    assert_eq!(last.get_pixel(20, 20).0[3], 0);
    assert_eq!(last.get_pixel(100, 100).0[3], 0);
}

fn loops(webp: &[u8]) -> u32 {
    match WebPDecoder::new(Cursor::new(webp)).unwrap().loop_count() {
        image::metadata::LoopCount::Infinite => 0,
        image::metadata::LoopCount::Finite(times) => times.get(),
    }
}

#[test]
fn animations_stay_animated_with_their_times_and_repetitions() {
    for (repeat, wanted) in [(Some(Repeat::Infinite), 0), (Some(Repeat::Finite(2)), 3), (None, 1)] {
        let small = picture(Kind::Gif, &animation(4, 64, repeat));
        assert_eq!((small.kind, small.width, small.height), (Kind::Webp, 64, 64));
        assert_eq!(loops(&small.bytes), wanted);
        let decoder = WebPDecoder::new(Cursor::new(&small.bytes)).unwrap();
        let frames: Vec<Frame> = decoder.into_frames().collect::<Result<_, _>>().unwrap();
        let shown: u32 = frames.iter().map(|frame| frame.delay().numer_denom_ms().0).sum();
        assert_eq!(shown, 4 * 70);
        assert_near(*frames.last().unwrap().buffer().get_pixel(32, 32), [180, 80, 160], 12);
        // An animated WebP goes the same way, and repeats as often.
        assert_eq!(loops(&picture(Kind::Webp, &small.bytes).bytes), wanted);
    }
}

#[test]
fn a_gif_of_one_frame_is_a_still_picture() {
    let small = picture(Kind::Gif, &animation(1, 20, None));
    assert_eq!(small.kind, Kind::Webp);
    assert!(!WebPDecoder::new(Cursor::new(&small.bytes)).unwrap().has_animation());
}

#[test]
fn a_gif_without_its_last_byte_is_whole() {
    for count in [1, 3] {
        let whole = animation(count, 30, None);
        let short = frames(Kind::Gif, &whole[..whole.len() - 1]).unwrap();
        let long = frames(Kind::Gif, &whole).unwrap();
        assert_eq!(short.len(), count);
        assert!(short.iter().zip(&long).all(|(short, long)| short.pixels == long.pixels));
        assert_eq!(refused(Kind::Gif, &whole[..whole.len() - 8]), Rejection::Damaged);
        assert_eq!(refused(Kind::Gif, &whole[..whole.len() / 2]), Rejection::Damaged);
    }
}

#[test]
fn the_canvas_of_a_gif_holds_its_first_frame() {
    let pixels =
        RgbaImage::from_fn(30, 20, |x, _| if x < 15 { Rgba([250, 0, 0, 255]) } else { Rgba([0, 0, 250, 255]) });
    let patch = |at| Patch { at, pixels: pixels.clone(), blends: true, disposal: Disposal::Keep, duration_ms: 50 };
    for (screen, at, canvas) in [
        ((0, 0), (0, 0), (30, 20)),
        ((10, 10), (0, 0), (30, 20)),
        ((10, 90), (5, 5), (35, 90)),
        ((64, 64), (9, 9), (64, 64)),
    ] {
        let patches = [patch(at), patch((20, 2))];
        assert_composed(
            Kind::Gif,
            &gif(screen, &patches[..1]),
            canvas,
            &[Patch { duration_ms: 0, ..patch(at) }],
            "still",
        );
        assert_composed(Kind::Gif, &gif(screen, &patches), canvas, &patches, "moving");
    }
}

#[test]
fn too_short_durations_are_those_of_browsers() {
    let patch = |duration_ms| Patch {
        at: (0, 0),
        pixels: RgbaImage::from_pixel(4, 4, Rgba([1, 2, 3, 255])),
        blends: true,
        disposal: Disposal::Keep,
        duration_ms,
    };
    let shown = frames(Kind::Gif, &gif((4, 4), &[patch(0), patch(10), patch(20)])).unwrap();
    assert_eq!(shown.iter().map(|it| it.duration_ms).collect::<Vec<_>>(), [100, 100, 20]);
}

#[test]
fn too_many_frames_or_too_large_ones_are_refused_before_any_is_decoded() {
    let side = 2000_u32;
    let count = usize::try_from(ANIMATION_PIXELS_MAX / u64::from(side * side)).unwrap() + 1;
    assert!(count < FRAMES_MAX);
    let dot = Patch {
        at: (0, 0),
        pixels: RgbaImage::from_pixel(2, 2, Rgba([9, 9, 9, 255])),
        blends: true,
        disposal: Disposal::Keep,
        duration_ms: 40,
    };
    assert_eq!(refused(Kind::Gif, &gif((8, 8), &vec![dot.clone(); FRAMES_MAX + 1])), Rejection::TooManyFrames);
    assert_eq!(refused(Kind::Gif, &gif((side, side), &vec![dot.clone(); count])), Rejection::TooManyFrames);
    assert_eq!(refused(Kind::Webp, &webp((8, 8), &vec![dot.clone(); FRAMES_MAX + 1], &[])), Rejection::TooManyFrames);
    assert_eq!(refused(Kind::Webp, &webp((side, side), &vec![dot; count], &[])), Rejection::TooManyFrames);
}
